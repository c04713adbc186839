# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""System calls that Python's os does not have."""

from __future__ import annotations

import ctypes
import os

NEW_MOUNTS, NEW_CGROUP, NEW_UTS, NEW_IPC, NEW_PID, NEW_NET = 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x20000000, 0x40000000

READ_ONLY, NOSUID, NODEV, NOEXEC, REMOUNT = 1, 2, 4, 8, 32
BIND, RECURSIVE, PRIVATE = 1 << 12, 1 << 14, 1 << 18
DETACH = 2

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 22, 24
PR_SET_SECUREBITS, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 28, 38, 47

_OPEN_TREE, _MOVE_MOUNT, _PIVOT_ROOT = 428, 429, {"x86_64": 155, "aarch64": 41}.get(os.uname().machine)
_AT_FDCWD, _AT_RECURSIVE, _OPEN_TREE_CLONE, _MOVE_MOUNT_EMPTY_PATH = -100, 0x8000, 1, 4

_LIBC = ctypes.CDLL(None, use_errno=True)


def _checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)
    return result


def _word(value):
    return ctypes.c_ulong(value) if isinstance(value, int) else value


def call(function, *arguments):
    """A function of the C library that returns less than 0 where it fails."""
    return _checked(getattr(_LIBC, function)(*map(_word, arguments)), function)


def _system_call(number, *arguments):
    return _checked(_LIBC.syscall(ctypes.c_long(number), *map(_word, arguments)), f"system call {number}")


def unshare(namespaces):
    call("unshare", namespaces)


def setns(descriptor, kind=0):
    call("setns", descriptor, kind)


def enter(path, kind=0):
    """The namespace that a file is."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(descriptor, kind)
    finally:
        os.close(descriptor)


def mount(source, target, fstype=None, flags=0, options=None):
    try:
        call("mount", _bytes(source), _bytes(target), _bytes(fstype), flags, _bytes(options))
    except OSError as error:
        raise OSError(error.errno, error.strerror, target) from None


def unmount(path, flags=DETACH):
    call("umount2", _bytes(path), flags)


def remount(path, flags):
    """A mount with more of these flags than it has: nobody's read-only becomes writable by it."""
    kept = os.statvfs(path).f_flag & (READ_ONLY | NOSUID | NODEV | NOEXEC)
    mount(None, path, None, REMOUNT | BIND | kept | flags)


def tree(path):
    """A descriptor of what is mounted at and below a path: a copy that is mounted nowhere."""
    return _system_call(_OPEN_TREE, _AT_FDCWD, _bytes(path), _OPEN_TREE_CLONE | _AT_RECURSIVE | os.O_CLOEXEC)


def attach(descriptor, path):
    _system_call(_MOVE_MOUNT, descriptor, b"", _AT_FDCWD, _bytes(path), _MOVE_MOUNT_EMPTY_PATH)


def root_here():
    """Make the current folder, which is a mount, the root; what was the root is mounted nowhere then."""
    if _PIVOT_ROOT is None:
        raise OSError(0, f"the machine type {os.uname().machine} is not known", "pivot_root")
    _system_call(_PIVOT_ROOT, b".", b".")
    unmount(".")
    os.chdir("/")


def prctl(option, *values):
    call("prctl", option, *values, *[0] * (4 - len(values)))


def _bytes(text):
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
