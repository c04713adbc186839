# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._lines.table import percent, plain, size, table


def test_columns_are_aligned():
    assert table([("a", "number"), ("longer", 0), ("", None)]) == ["a       number", "longer  0", "-       -"]


@pytest.mark.parametrize(
    "count, shown",
    [(0, "0 bytes"), (1023, "1023 bytes"), (1024, "1.0 KiB"), (3 << 29, "1.5 GiB"), (1 << 60, "1024.0 PiB")],
)
def test_sizes(count, shown):
    assert size(count) == shown


def test_shares():
    assert percent(1, 3) == "33%"
    assert percent(0, 0) == ""  # nothing is counted there


@pytest.mark.parametrize(
    "line, shown",
    [
        ("caf\u00e9 \u65e5\u672c\ta\\b", "caf\u00e9 \u65e5\u672c\ta\\b"),
        ("\x1b[2J\r\n\x7f\x9b", "\\x1b[2J\\r\\n\\x7f\\x9b"),
        ("txt.\u202eexe", "txt.\\u202eexe"),
    ],
)
def test_what_a_terminal_would_obey(line, shown):
    assert plain(line) == shown
