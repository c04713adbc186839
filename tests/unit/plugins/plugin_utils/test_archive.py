# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile

from ansible_collections.labs.overlayroot.plugins.plugin_utils import _archive


def test_the_same_sources_give_the_same_bytes(tmp_path, monkeypatch):
    """Whatever their times and modes are, in whatever order the file system has them, compiled or not."""
    made = _archive.archive()
    copy = tmp_path / "plugins" / "module_utils"
    shutil.copytree(_archive.SOURCES, copy, copy_function=shutil.copyfile)
    for path in copy.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    (copy / "_core" / "__pycache__").mkdir(exist_ok=True)
    (copy / "_core" / "__pycache__" / "errors.pyc").touch()
    monkeypatch.setattr(_archive, "SOURCES", copy)
    monkeypatch.setattr(_archive, "_LEFT_OUT", {copy / "_entry.py"})
    assert _archive.archive() == made


def test_what_is_in_it(tmp_path):
    path = tmp_path / "overlayrootctl"
    path.write_bytes(_archive.archive())
    assert path.read_bytes().startswith(b"#!/usr/bin/python3 -IS\n")
    with zipfile.ZipFile(path) as found:
        names = found.namelist()
        assert found.testzip() is None
    assert names[0] == "__main__.py"
    assert len(names) == len(set(names))
    assert "overlayroot/_core/errors.py" in names
    assert "overlayroot/_entry.py" not in names
    assert not [name for name in names if name.startswith("/") or ".." in name or not name.endswith(".py")]


def test_it_runs_and_reads_nothing_of_its_user(tmp_path):
    command = tmp_path / "overlayrootctl"
    command.write_bytes(_archive.archive())
    (tmp_path / "argparse.py").write_text("raise SystemExit(9)\n")
    (tmp_path / "json.py").write_text("raise SystemExit(9)\n")
    done = subprocess.run(
        [sys.executable, "-I", str(command), "--help"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert done.stdout.startswith(b"usage: overlayrootctl ")
