# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that serve file systems by FUSE.

The kernel tells of a request by a signal, as fcntl(2) has it for descriptors with O_ASYNC, and the signal may be SIGCONT. So
whoever stops all processes and looks at such a file system meanwhile has its server go on, and does not wait for ever.

Source: fuse_dev_fasync() and its callers in the kernel's fs/fuse/dev.c, prepare_signal() in its kernel/signal.c.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal

from . import libc

_DEVICE = "/dev/fuse"
# The same numbers on all machines but alpha.
_PIDFD_OPEN, _PIDFD_GETFD = 434, 438
_F_SETSIG = 10


def is_awake(pid):
    """Whether every FUSE connection of a process is told of by that signal; None where it has none."""
    found = []
    with contextlib.suppress(ProcessLookupError), contextlib.ExitStack() as held:
        found = [fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ASYNC for fd in _connections(pid, held)]
    return all(found) if found else None


def keep_awake(pid):
    with contextlib.ExitStack() as held:
        for fd in _connections(pid, held):
            fcntl.fcntl(fd, fcntl.F_SETOWN, pid)
            fcntl.fcntl(fd, _F_SETSIG, signal.SIGCONT)
            fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_ASYNC)


def _connections(pid, held):
    """Descriptors of what the process has open of /dev/fuse."""
    process = _descriptor(held, _PIDFD_OPEN, pid, 0)
    for name in os.listdir(f"/proc/{pid}/fd"):
        # It may be closed by now.
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(f"/proc/{pid}/fd/{name}") == _DEVICE:
                yield _descriptor(held, _PIDFD_GETFD, process, int(name), 0)


def _descriptor(held, number, *arguments):
    """What a system call gives, closed with `held`."""
    fd = libc.call("syscall", *map(ctypes.c_long, (number, *arguments)))
    held.callback(os.close, fd)
    return fd
