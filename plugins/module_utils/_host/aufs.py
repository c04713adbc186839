# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mounted aufs and its branches, which are given to the kernel by descriptors: it splits paths at , : and =.

Source: aufs(5).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil

from .._core.aufs import AT_ONCE
from . import files, libc
from .names import encode
from .run import run

_RDONLY = 1
_REMOUNT = 32
_UMOUNT_NOFOLLOW = 8
# Where a writable branch has them.
_LINKS = ".wh..wh.plnk"


def mount(union):
    branches = union.listed()
    flags = 0 if union.upper else _RDONLY
    with contextlib.ExitStack() as stack:
        target = _opened(stack, union.path)
        given = [b"%s=%s" % (_opened(stack, path), permission.encode()) for path, permission in branches]
        data = b",".join(filter(None, [b"br=" + b":".join(given[:AT_ONCE]), encode(union.mount_options())]))
        libc.call("mount", encode(union.source), target, b"aufs", ctypes.c_ulong(flags), data)
        try:
            for branch in given[AT_ONCE:]:
                _remount(union, b"append=" + branch)
        except OSError:
            libc.call("umount2", encode(union.path), _UMOUNT_NOFOLLOW)
            raise


def change(old, new):
    """One by one, so that no file that stays visible is gone in between."""
    flush(old)
    wanted = [path for path, _permission in new.listed()]
    now = list(old.listed())
    for path, _permission in old.listed():
        if path not in wanted:
            _change(new, b"del=%s", path)
            now = [branch for branch in now if branch[0] != path]
    for number, (path, permission) in enumerate(new.listed()):
        if now[number : number + 1] == [(path, permission)]:
            continue
        if now[number : number + 1] and now[number][0] == path:
            _change(new, b"mod=%s=" + permission.encode(), path)
            now[number] = (path, permission)
            continue
        if path in [known for known, _permission in now] and not _moved_out(new, now, path):
            while now[number][0] != path:
                _change(new, b"del=%s", now.pop(number)[0])
            _change(new, b"mod=%s=" + permission.encode(), path)
            now[number] = (path, permission)
            continue
        _change(new, b"add:%d:%%s=%s" % (number, permission.encode()), path)
        now.insert(number, (path, permission))


def _moved_out(union, now, path):
    """Whether a branch is out of its place: of one that is in use, those above it are moved instead."""
    try:
        _change(union, b"del=%s", path)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    now[:] = [branch for branch in now if branch[0] != path]
    return True


def flush(union):
    """Of the links that aufs only pretends, and forgets: each name gets its own on the writable branch."""
    if union.upper is None:
        return
    if shutil.which("auplink"):
        run(["auplink", union.path, "flush"], "aufs-tools")
        return
    inodes = _pretended(union.upper)
    if inodes:
        with files.folder(union.path) as top:
            _own_links(top, inodes)


def _pretended(upper):
    """The numbers that the union shows of inodes with names that only it knows: aufs keeps such an inode by its number."""
    try:
        with files.folder(f"{upper}/{_LINKS}") as links:
            return {int(name.partition(".")[0]) for name in os.listdir(links)}
    except FileNotFoundError:
        return set()


def _own_links(top, inodes):
    """An owner that is given, though it stays, makes aufs write the name down."""
    device = os.fstat(top).st_dev
    for _path, folders, names, folder in os.fwalk(dir_fd=top, follow_symlinks=False):
        folders[:] = [name for name in folders if os.stat(name, dir_fd=folder, follow_symlinks=False).st_dev == device]
        for name in names:
            if os.stat(name, dir_fd=folder, follow_symlinks=False).st_ino in inodes:
                os.chown(name, -1, -1, dir_fd=folder, follow_symlinks=False)


def _change(union, option, path):
    with files.folder(path) as branch:
        _remount(union, option % (b"/proc/self/fd/%d" % branch))


def _remount(union, data):
    flags = _REMOUNT | (0 if union.upper else _RDONLY)
    with files.folder(union.path) as target:
        libc.call("mount", encode(union.source), b"/proc/self/fd/%d" % target, None, ctypes.c_ulong(flags), data)


def _opened(stack, path):
    return b"/proc/self/fd/%d" % stack.enter_context(files.folder(path))
