# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import plan
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import Sight, State
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import keep_awake

WANTED = keep_awake.wanted({"pid": 137})
ASLEEP = State(awake=False)


def test_a_server_is_kept_awake_once():
    assert keep_awake.sight(WANTED) == Sight(server=137)
    steps = keep_awake.plan(ASLEEP, WANTED)
    assert [step.show() for step in steps] == [{"step": "keep_awake", "path": "/proc/137"}]
    after = plan.simulate(ASLEEP, steps)
    assert keep_awake.plan(after, WANTED) == ()
    assert [keep_awake.show(state, WANTED) for state in (ASLEEP, after)] == [
        {"process": 137, "awake": False},
        {"process": 137, "awake": True},
    ]


def test_a_process_that_serves_nothing():
    with pytest.raises(OverlayrootError, match="process 137: serves no file system by FUSE. Name one that does"):
        keep_awake.plan(State(), WANTED)
