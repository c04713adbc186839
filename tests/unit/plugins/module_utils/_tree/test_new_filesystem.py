# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A union whose upper lies on a file system of its own, which is made anew."""

from __future__ import annotations

import contextlib
import os
import subprocess

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils import _engine
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_reset
from ansible_collections.labs.overlayroot.plugins.module_utils._tree import loop
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import call, mounted, scratch

UUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(name="disk")
def fixture_disk():
    """(folder, device): in the folder a union at m, whose upper is on that device."""
    if not os.access("/dev/loop-control", os.W_OK):
        pytest.skip("needs loop devices")
    with scratch() as folder, contextlib.ExitStack() as stack:
        for name in (b"base", b"rw", b"m"):
            os.mkdir(folder + b"/" + name)
        with open(folder + b"/image", "w+b") as image:
            image.truncate(8 << 20)
            _descriptor, device = stack.enter_context(loop.attached(image.fileno()))
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-U", UUID, "-L", "my disk", device], check=True)
        subprocess.run(["mount", "-o", "nosuid,noatime", device, folder + b"/rw"], check=True)
        stack.callback(call, "umount2", folder + b"/rw", 2)
        os.makedirs(folder + b"/rw/session/upper", 0o750)
        os.mkdir(folder + b"/rw/session/work")
        os.chown(folder + b"/rw/session/upper", 1, 2)
        os.chmod(folder + b"/rw/session/upper", 0o1751)
        os.chmod(folder + b"/rw", 0o711)
        upper, work = folder + b"/rw/session/upper", folder + b"/rw/session/work"
        with mounted(folder + b"/m", [folder + b"/base"], upper, work, b"redirect_dir=on"):
            write(f"{os.fsdecode(folder)}/m/file")
            yield os.fsdecode(folder), device


def write(path):
    with open(path, "w", encoding="utf-8"):
        pass


def reset(folder, discard_saved=False):
    params = {"path": f"{folder}/m", "when": "now", "method": "mkfs", "id": None, "discard_saved": discard_saved}
    return _engine.change(union_reset, {**params, "generation": None, "keep": []}, False)


def seed(device):
    """New for each file system."""
    shown = subprocess.run(["dumpe2fs", "-h", device], check=True, capture_output=True, text=True).stdout
    return next(line for line in shown.splitlines() if line.startswith("Directory Hash Seed"))


def modes(folder):
    paths = ("rw", "rw/session", "rw/session/upper")
    return [(status.st_mode, status.st_uid, status.st_gid) for status in (os.stat(f"{folder}/{path}") for path in paths)]


def options(path):
    return subprocess.run(["findmnt", "-no", "OPTIONS", path], check=True, capture_output=True, text=True).stdout.strip()


def test_it_is_what_it_was_but_empty(disk):
    folder, device = disk
    before = seed(device), modes(folder), options(f"{folder}/rw"), options(f"{folder}/m")
    assert reset(folder)["changed"]
    after = seed(device), modes(folder), options(f"{folder}/rw"), options(f"{folder}/m")
    assert (after[0] != before[0], after[1:]) == (True, before[1:])
    names = subprocess.run(["blkid", "-p", "-s", "UUID", "-s", "LABEL", "-o", "value", device], check=True, capture_output=True, text=True)
    assert names.stdout == f"my disk\n{UUID}\n"
    assert os.listdir(f"{folder}/m") == []
    write(f"{folder}/m/new")
    assert os.listdir(f"{folder}/rw/session/upper") == ["new"]


def test_what_else_is_on_it_has_to_be_given_up(disk):
    folder, device = disk
    write(f"{folder}/rw/session/notes")
    before = seed(device)
    with pytest.raises(OverlayrootError, match="/rw holds more than the upper and the work folder"):
        reset(folder)
    assert seed(device) == before
    assert reset(folder, discard_saved=True)["changed"]
    assert sorted(os.listdir(f"{folder}/rw/session")) == ["upper", "work"]


def test_one_that_is_in_use_stays(disk):
    folder, device = disk
    before = seed(device)
    descriptor = os.open(f"{folder}/rw/session", os.O_RDONLY)
    try:
        with pytest.raises(_engine.Stopped, match=rf"Device or resource busy\. End what uses it: .*\(pid {os.getpid()}, fd\)"):
            reset(folder)
    finally:
        os.close(descriptor)
    assert (seed(device), os.listdir(f"{folder}/m")) == (before, ["file"])


@pytest.mark.parametrize(("tools", "said"), [((), "command mke2fs: is not installed"), (("mke2fs",), "command mke2fs .* exit code 1")])
def test_what_fails_leaves_it_as_it_was(disk, monkeypatch, tools, said):
    folder, device = disk
    before = seed(device)
    os.mkdir(f"{folder}/bin")
    for tool in ("blkid", "mount"):
        os.symlink(f"/usr/sbin/{tool}" if os.path.exists(f"/usr/sbin/{tool}") else f"/usr/bin/{tool}", f"{folder}/bin/{tool}")
    for tool in tools:
        os.symlink("/bin/false", f"{folder}/bin/{tool}")
    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{folder}/bin")
        with pytest.raises(_engine.Stopped, match=said):
            reset(folder)
    assert (seed(device), os.listdir(f"{folder}/m")) == (before, ["file"])
