# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unions of each backend that this machine has, mounted, read back, changed, reset and unmounted by the engine."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils import _engine
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import Sight
from ansible_collections.labs.overlayroot.plugins.module_utils._core.unionfs_fuse import PROGRAM
from ansible_collections.labs.overlayroot.plugins.module_utils._host.see import see
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import overlay_mount, union_diff, union_reset
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import scratch

# Bytes that one of the backends, or a table of the kernel, takes for its own.
ODD = 'a b,c%"\\d'


@pytest.fixture(name="top")
def fixture_top():
    with scratch() as folder, contextlib.ExitStack() as stack:
        top = f"{os.fsdecode(folder)}/{ODD}"
        for name in ("m", "base", "other"):
            os.makedirs(f"{top}/{name}")
        for path in ("base/both", "base/base", "other/both", "other/other"):
            write(f"{top}/{path}", path)
        stack.callback(subprocess.run, [b"umount", os.fsencode(f"{top}/m")], check=False, stderr=subprocess.DEVNULL)
        yield top


@pytest.fixture(name="backend", params=["overlay", "aufs", "unionfs_fuse"])
def fixture_backend(request):
    """Those that are there."""
    if request.param == "aufs" and "aufs" not in see(Sight()).filesystems:
        pytest.skip("the kernel of this machine has no aufs")
    if request.param == "unionfs_fuse" and not (shutil.which(PROGRAM) and os.path.exists("/dev/fuse")):
        pytest.skip("needs unionfs-fuse and /dev/fuse")
    return request.param


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def mount(top, backend, **more):
    work = f"{top}/work" if backend == "overlay" else None
    given = {"lower": [f"{top}/base"], "upper": f"{top}/up", "work": work, "backend": backend, **more}
    params = {"path": f"{top}/m", "options": {}, "permissions": {}, "create": True, "state": "mounted", "fstab": False, **given}
    done = _engine.change(overlay_mount, params, False)
    return [step["step"] for step in done["steps"]], done["union"]


def test_what_is_mounted_is_read_back(top, backend):
    steps, union = mount(top, backend)
    assert steps[-1] == "mount"
    assert (union["backend"], union["lower"], union["upper"]) == (backend, [f"{top}/base"], f"{top}/up")
    assert mount(top, backend) == ([], union)
    write(f"{top}/m/both", "new")
    assert (read(f"{top}/up/both"), read(f"{top}/base/both")) == ("new", "base/both")
    assert mount(top, backend, state="unmounted") == (["unmount"], None)
    assert os.listdir(f"{top}/m") == []
    assert mount(top, backend, state="unmounted") == ([], None)


def test_a_union_without_an_upper(top, backend):
    _steps, union = mount(top, backend, lower=[f"{top}/base", f"{top}/other"], upper=None, work=None)
    assert union["upper"] is None
    assert (read(f"{top}/m/both"), read(f"{top}/m/other")) == ("base/both", "other/other")
    with pytest.raises(OSError, match="Read-only file system|Permission denied"):
        write(f"{top}/m/new", "")


def test_its_changes_are_listed_and_reset(top, backend):
    mount(top, backend)
    write(f"{top}/m/new", "new")
    write(f"{top}/m/both", "longer than before")
    os.unlink(f"{top}/m/base")
    asked = {"path": f"{top}/m", "upper": None, "lower": None, "backend": "overlay", "userxattr": False}
    more = {"layer": None, "generation": None, "since": None, "text": [], "limit": 100}
    found = _engine.compare(union_diff, {**asked, **more})
    kinds = {change["path"]: change["kind"] for change in found["changes"] if change["path"] != "/"}
    assert kinds == {"/base": "deleted", "/both": "modified", "/new": "added"}
    asked = {"path": f"{top}/m", "when": "now", "method": "discard", "id": None, "discard_saved": False, "generation": None}
    assert _engine.change(union_reset, {**asked, "keep": []}, False)["changed"]
    assert sorted(os.listdir(f"{top}/m")) == ["base", "both"]
    assert mount(top, backend)[0] == []


def test_lowers_of_a_mounted_union_change_only_where_they_can(top, backend):
    mount(top, backend)
    lower = [f"{top}/other", f"{top}/base"]
    if backend != "aufs":
        with pytest.raises(OverlayrootError, match="cannot be changed while it is mounted .lower is"):
            mount(top, backend, lower=lower)
        return
    with open(f"{top}/m/base", encoding="ascii"):
        assert mount(top, backend, lower=lower)[0] == ["change_branches"]
        assert (read(f"{top}/m/both"), read(f"{top}/m/other")) == ("other/both", "other/other")
        permissions = {f"{top}/other": "rr+wh"}
        assert mount(top, backend, lower=lower[::-1], permissions=permissions)[0] == ["change_branches"]
        assert read(f"{top}/m/both") == "base/both"
        assert mount(top, backend, lower=lower[::-1], permissions=permissions)[0] == []
    assert mount(top, backend)[0] == ["change_branches"]
    assert not os.path.exists(f"{top}/m/other")


def test_an_upper_of_another_union_is_not_written_to_twice(top, backend):
    mount(top, backend)
    with pytest.raises(OverlayrootError, match="is in use: the union at .* writes to it"):
        mount(top, backend, path=f"{top}/n", work=f"{top}/work2" if backend == "overlay" else None)


@pytest.fixture(name="aufs")
def fixture_aufs():
    if "aufs" not in see(Sight()).filesystems:
        pytest.skip("the kernel of this machine has no aufs")
    return "aufs"


def test_more_branches_than_aufs_takes_at_once(top, aufs):
    lower = [f"{top}/lower{number}" for number in range(100)]
    for path in lower:
        os.mkdir(path)
    write(f"{lower[0]}/first", "first")
    write(f"{lower[-1]}/last", "last")
    assert mount(top, aufs, lower=lower)[1]["lower"] == lower
    assert (read(f"{top}/m/first"), read(f"{top}/m/last")) == ("first", "last")
    assert mount(top, aufs, lower=lower)[0] == []


@pytest.mark.parametrize(
    "more, message",
    [
        ({"permissions": {"base": "r0"}}, "permissions .*/base: r0 is none that aufs knows"),
        ({"permissions": {"base": "ro+whh"}}, "is none that aufs knows .whh."),
        ({"lower": ["base", "base"]}, "lower .*/base: is, or lies within, the lower"),
        ({"lower": [f"lower{number}" for number in range(128)]}, "127"),
    ],
)
def test_what_the_kernel_would_take_in_silence(top, aufs, more, message):
    paths = [f"{top}/{name}" for name in more.get("lower", ["base"])]
    for path in paths:
        os.makedirs(path, exist_ok=True)
    permissions = {f"{top}/{name}": permission for name, permission in more.get("permissions", {}).items()}
    with pytest.raises(OverlayrootError, match=message):
        mount(top, aufs, lower=paths, permissions=permissions)
    assert os.listdir(f"{top}/m") == []


@pytest.mark.parametrize("below", ["overlay", "aufs"])
def test_a_branch_on_another_union(top, aufs, below):
    mount(top, below)
    os.mkdir(f"{top}/n")
    with pytest.raises(OverlayrootError, match=f"is on {below} .*which cannot"):
        mount(top, aufs, path=f"{top}/n", lower=[f"{top}/m"], upper=f"{top}/up2")


def test_a_name_that_is_too_long_for_aufs(top, aufs):
    """It is seen in no union, which its reader is told of by the kernel."""
    mount(top, aufs)
    write(f"{top}/m/{'x' * 242}", "")
    with pytest.raises(OSError, match="File name too long"):
        write(f"{top}/m/{'x' * 243}", "")


def test_links_that_aufs_pretends_are_flushed(top, aufs):
    os.link(f"{top}/base/both", f"{top}/base/link")
    mount(top, aufs)
    write(f"{top}/m/both", "new")
    assert mount(top, aufs, state="unmounted")[0] == ["unmount"]
    mount(top, aufs)
    assert (read(f"{top}/m/both"), read(f"{top}/m/link")) == ("new", "new")
