# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts that only this process and those that it starts see.

They lie in a folder that every kernel has and that none of them has a use for.
"""

from __future__ import annotations

import contextlib
import ctypes
import os

from .._core.errors import OverlayrootError
from .._host import libc

ROOM = "/proc/driver"

READ_ONLY = 1
REMOUNT = 32
BIND = 4096
_RECURSIVE = 1 << 14
_SLAVE = 1 << 19
_CLONE_NEWNS = 0x20000

# nosuid, nodev, noexec, noatime; and nosymfollow, which kernels before 5.10 do not heed: whoever owns a
# tree cannot lead a program out of it, nor to a device.
HARMLESS = 2 | 4 | 8 | 1024 | 256


def leave_others():
    """What others mount and unmount goes on to be seen here, but not the reverse."""
    try:
        libc.call("unshare", _CLONE_NEWNS)
        mount(None, "/", None, _RECURSIVE | _SLAVE)
        mount("room", ROOM, "tmpfs", 0, "mode=700")
    except OSError as error:
        raise OverlayrootError("this process", f"may not mount: {error.strerror}", "Become root") from error


@contextlib.contextmanager
def mounted(name, source, fstype, flags, data=None):
    """The path of a mount of that name."""
    path = f"{ROOM}/{name}"
    os.mkdir(path)
    try:
        mount(source, path, fstype, flags, data)
        try:
            yield path
        finally:
            unmount(path)
    finally:
        os.rmdir(path)


def mount(source, path, fstype, flags, data=None):
    words = [word if word is None else word.encode() for word in (source, path, fstype, data)]
    libc.call("mount", *words[:3], ctypes.c_ulong(flags), words[3])


def unmount(path):
    libc.call("umount2", path.encode(), 0)
