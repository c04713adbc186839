# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import cpio


@pytest.mark.parametrize("name", ["a", "ab", "abc", "abcd", "caf\udce9"])
@pytest.mark.parametrize("size", [0, 1, 4, 4097])
def test_what_a_head_says_is_read_back(name, size):
    head = cpio.head(cpio.Member(name, 0o100644, size), 7)
    name_size, content_size, length = cpio.parse(head[: cpio.HEADER_SIZE])
    raw = name.encode("utf-8", "surrogateescape")
    assert head[cpio.HEADER_SIZE :][:length] == raw
    assert (len(head), content_size) == (cpio.HEADER_SIZE + name_size, size + -size % 4)
    assert len(head) % 4 == 0
