# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of ansible-playbook shows of a commit on a host that takes its time."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

COLLECTIONS = Path(os.path.abspath(__file__)).parents[7]
SHOWN = re.compile(r"^localhost: reading, \d+ % of 3 MB$", re.MULTILINE)
# It goes on once that is shown, however long a busy machine takes for it.
MKSQUASHFS = """#!/bin/sh
for _ in $(seq 600); do [ ! -e "${0%/*}/../shown" ] || break; sleep 0.1; done
echo no room >&2
exit 1
"""


@pytest.fixture(name="commit")
def fixture_commit(tmp_path):
    """What is shown where a folder is committed by a `mksquashfs` that is slow, and fails at last."""
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs root, with the right to mount")
    command = tmp_path / "bin/mksquashfs"
    for folder in ("bin", "source", "home"):
        (tmp_path / folder).mkdir()
    command.write_text(MKSQUASHFS)
    command.chmod(0o755)
    (tmp_path / "source/file").write_bytes(bytes(3000000))

    def commit(*options):
        task = {"labs.overlayroot.union_commit": {"source": [f"{tmp_path}/source"], "target": f"{tmp_path}/image"}}
        play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
        (tmp_path / "play.yml").write_text(json.dumps([play]))
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "HOME": f"{tmp_path}/home",
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        }
        interpreter = ("-e", f"ansible_python_interpreter={sys.executable}")
        argv = [sys.executable, "-m", "ansible", "playbook", "-i", "localhost,", "-c", "local", *interpreter, *options, f"{tmp_path}/play.yml"]
        lines = []
        with subprocess.Popen(argv, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, encoding="utf-8") as process:
            for line in process.stdout:
                lines.append(line)
                if SHOWN.match(line):
                    (tmp_path / "shown").touch()
        return "".join(lines)

    return commit


def test_how_far_it_is_is_shown_while_it_is_under_way(commit):
    shown = commit()
    before, failed, _after = shown.partition("fatal: [localhost]: FAILED!")
    assert failed, shown
    assert SHOWN.search(before)
    assert "no room" in shown


def test_a_look_shows_nothing(commit):
    shown = commit("--check")
    assert "localhost: " not in shown
    assert "ok=1" in shown
