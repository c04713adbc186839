# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout, targets
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError


def target(name="web", upper="/run/web/root", store=None):
    return {"name": name, "upper": upper, "store": store}


def test_a_line_each():
    assert targets.text([]) == ""
    assert targets.text([target(), target("b", "/run/my b//", "ci/b")]) == (
        f"web /run/web/root {layout.DATA}/targets/web\nb /run/my\\0040b {layout.DATA}/ci/b\n"
    )


@pytest.mark.parametrize(
    "given, message",
    [
        ([target("a b")], "layer a b: is no name of a layer"),
        ([target(), target(upper="/run/b")], "target web: is given more than once"),
        ([target(upper="/srv/web")], "target web: its upper /srv/web is not in /run"),
        ([target(upper="run/web")], "path run/web: is not an absolute path without .."),
        ([target(store="../web")], "is not an absolute path without .."),
        ([target(store="/srv/web")], "store /srv/web: is no folder of its own on the data file system"),
        ([target(store=".")], f"store {layout.DATA}: is no folder of its own"),
        ([target(store="overlayroot/web")], f"store {layout.STORE}/web: is no folder of its own"),
    ],
)
def test_refused(given, message):
    with pytest.raises(OverlayrootError) as caught:
        targets.text(given)
    assert message in str(caught.value)
