# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._lines import reset


@pytest.mark.parametrize(
    "found, line",
    [
        ({"path": "/", "request": "reset\nkeep=/etc/motd"}, "The next boot is asked for reset, keep=/etc/motd."),
        ({"path": "/", "request": ""}, "Nothing has to be asked of the next boot."),
        ({"path": "/srv", "upper_empty": True}, "The upper of /srv is new."),
        ({"path": "/srv", "upper_empty": False}, "The upper of /srv is as it was."),
    ],
)
def test_lines(found, line):
    assert list(reset.lines({"reset": found})) == [line]


def test_a_session_that_is_discarded():
    found = {"path": "/", "request": "", "discards_session": True}
    assert list(reset.lines({"reset": found}))[1:] == ["This session is not saved when the host goes down."]
