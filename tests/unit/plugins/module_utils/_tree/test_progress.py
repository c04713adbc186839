# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import sys

from ansible_collections.labs.overlayroot.plugins.module_utils._host.run import run
from ansible_collections.labs.overlayroot.plugins.module_utils._tree import progress


def test_reports(tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "_PAUSE", 0)
    stage = os.open(tmp_path, os.O_RDONLY)
    told = progress.Progress(stage, 1000)
    os.close(stage)
    said = []
    for doing, *counts in (("reading", 5), ("copying", 2000, 7), ("comparing", 999)):
        told.tell(doing, *counts)
        said.append((tmp_path / progress.NAME).read_text().split())
    told.close()
    assert said == [["reading", "5", "1000", "0"], ["copying", "1000", "1000", "7"], ["comparing", "999", "1000", "0"]]


def test_reports_come_at_times_only(tmp_path):
    stage = os.open(tmp_path, os.O_RDONLY)
    told = progress.Progress(stage, 1000)
    os.close(stage)
    for done in range(10):
        told.tell("reading", done)
    told.close()
    assert (tmp_path / progress.NAME).read_text().split() == ["reading", "0", "1000", "0"]


READER = "import time; open('/dev/zero', 'rb', 0).read(5000000); time.sleep(1.5)"


def test_what_a_command_has_read():
    seen = []
    run([sys.executable, "-c", READER], watch=lambda process: seen.append(progress.bytes_read(process)))
    assert seen
    assert 5000000 <= seen[0] < 9000000
    assert progress.bytes_read(2**22 + 1) == 0
