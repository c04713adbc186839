# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import time

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._subhost import reaper

MACHINE = os.uname().machine


@pytest.fixture(name="program")
def _program(tmp_path):
    if MACHINE not in reaper.MACHINES:
        pytest.skip("there are no subhosts on this machine")
    path = tmp_path / "reaper"
    path.write_bytes(reaper.program(MACHINE))
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("count", [0, 1, 3])
def test_it_ends_when_its_last_child_has_ended(program, count):
    children = "sleep 0.5 & sleep 0.1 & sleep 0.3 & "[: 12 * count]
    began = time.monotonic()
    done = subprocess.run(["sh", "-c", f"{children} exec {program} 3>&1"], check=True, stdout=subprocess.PIPE, timeout=30)
    assert done.stdout == b"\n"
    assert count == 0 or time.monotonic() - began > 0.4
