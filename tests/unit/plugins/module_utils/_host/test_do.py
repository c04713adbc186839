# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import steps
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.union import Union
from ansible_collections.labs.overlayroot.plugins.module_utils._host import do as doing
from ansible_collections.labs.overlayroot.plugins.module_utils._host import initramfs, libc
from ansible_collections.labs.overlayroot.plugins.module_utils._host.do import do
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.effects import EFFECTS


def step_classes():
    return [item for item in vars(steps).values() if isinstance(item, type) and hasattr(item, "destroys")]


@pytest.mark.parametrize("step", step_classes())
def test_every_step_has_an_effect(step):
    assert (step in doing.EFFECTS) != (step in EFFECTS)


def test_files_and_folders(tmp_path):
    do(steps.MakeDir(f"{tmp_path}/new", 0o700, os.getuid(), os.getgid()))
    do(steps.WriteFile(f"{tmp_path}/new/file", "x"))
    assert (tmp_path / "new/file").read_text() == "x"
    do(steps.RemoveFile(f"{tmp_path}/new/file"))
    do(steps.RemoveDir(f"{tmp_path}/new"))
    assert os.listdir(tmp_path) == []


def test_an_error_names_step_and_path(tmp_path):
    with pytest.raises(OverlayrootError, match=f"remove file {tmp_path}/none/file: No such file or directory"):
        do(steps.RemoveFile(f"{tmp_path}/none/file"))


@pytest.fixture
def calls(monkeypatch):
    made = []

    def call(function, *arguments):
        made.append((function, *(getattr(argument, "value", argument) for argument in arguments)))

    monkeypatch.setattr(libc, "call", call)
    return made


def test_mount(tmp_path, calls):
    union = Union(str(tmp_path), ("/l\udcff",), "/u", "/w", {"index": "off"})
    do(steps.Mount(union))
    do(steps.Mount(union._replace(upper=None, work=None)))
    (function, source, target, fstype, flags, data), (*_first, read_only, _data) = calls
    assert (function, source, fstype, flags) == ("mount", b"overlay", b"overlay", 0)
    assert target.startswith(b"/proc/self/fd/")
    assert data == b"lowerdir=/l\xff,upperdir=/u,workdir=/w,index=off"
    assert read_only == 1


def test_unmount(calls):
    do(steps.Unmount(Union("/m", ())))
    assert calls == [("umount2", b"/m", 8)]


def test_bind(tmp_path, calls):
    (tmp_path / "seen").mkdir()
    do(steps.Bind(str(tmp_path), f"{tmp_path}/seen"))
    do(steps.Unbind("/seen"))
    (function, source, target, fstype, flags, data), undone = calls
    assert (function, fstype, flags, data) == ("mount", None, 4096 | 16384, None)
    assert source.startswith(b"/proc/self/fd/") and target.startswith(b"/proc/self/fd/") and source != target
    assert undone == ("umount2", b"/seen", 2 | 8)


@pytest.mark.parametrize("read_only, flags", [(True, 33), (False, 32)])
def test_remount(tmp_path, calls, read_only, flags):
    do(steps.Remount(str(tmp_path), read_only))
    ((function, source, target, fstype, given, data),) = calls
    assert (function, source, fstype, given, data) == ("mount", None, None, flags, None)
    assert target.startswith(b"/proc/self/fd/")


def test_initramfs(monkeypatch):
    done = []
    monkeypatch.setattr(initramfs, "build", lambda release: done.append(("build", release)))
    monkeypatch.setattr(initramfs, "restore", lambda release: done.append(("restore", release)))
    do(steps.BuildInitramfs("6.1"))
    do(steps.RestoreInitramfs("6.1"))
    assert done == [("build", "6.1"), ("restore", "6.1")]


def test_the_kernel_says_why():
    """A call that no one may make, whoever runs the tests."""
    with pytest.raises(OSError) as caught:
        libc.call("umount2", b"/no/such/mount", 0)
    assert caught.value.errno in (errno.ENOENT, errno.EPERM)


def test_mount_that_the_kernel_refuses(tmp_path, monkeypatch):
    (tmp_path / "index").mkdir()

    def refuse(*_arguments):
        (tmp_path / "work").mkdir(mode=0)
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(libc, "call", refuse)
    union = Union(str(tmp_path), ("/l",), "/u", str(tmp_path), {"index": "on"})
    with pytest.raises(OverlayrootError, match=f"mount {tmp_path}: Invalid argument. The kernel's log"):
        do(steps.Mount(union))
    assert os.listdir(tmp_path) == ["index"]


def test_unmount_of_what_is_in_use(tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(libc, "call", refuse)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OverlayrootError, match=rf"resource busy. End what uses it: .*\(pid {os.getpid()}, cwd"):
        do(steps.Unmount(Union(str(tmp_path), ())))
