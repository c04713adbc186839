# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

from ansible_collections.labs.overlayroot.plugins.lookup.overlayrootctl import LookupModule
from ansible_collections.labs.overlayroot.plugins.module_utils._core import command
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import root_union
from ansible_collections.labs.overlayroot.plugins.plugin_utils._archive import archive


def test_the_module_takes_what_the_lookup_gives():
    (given,) = LookupModule().run([])
    assert base64.b64decode(given) == archive()
    texts = dict.fromkeys(("library", "manual", "completion"), "")
    adapters = dict.fromkeys(("initramfs_tools", "dracut", "busybox"), {"boot": "", "build": ""})
    defaults = {name: argument.get("default") for name, argument in root_union.ARGUMENTS.items()}
    content, mode = root_union.wanted({**defaults, **texts, "adapters": adapters, "command": given}).files[command.COMMAND]
    assert (content.encode("utf-8", "surrogateescape"), mode) == (archive(), 0o755)
