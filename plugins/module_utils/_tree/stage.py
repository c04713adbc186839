# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder in which something is made before it is put in its place."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import time

from .._host import files
from . import removal
from .apart import die_with

# Seconds between two early flushes.
_PAUSE = 0.2


@contextlib.contextmanager
def aside(above, name):
    """A descriptor of a new folder that does not stay, nor what is left of an earlier one."""
    removal.remove(above, name)
    try:
        stage = made(above, name)
        try:
            _forget_default(stage)
            yield stage
        finally:
            os.close(stage)
    except BaseException:
        # The first error is the one to be told.
        with contextlib.suppress(OSError):
            removal.remove(above, name)
        raise
    removal.remove(above, name)


def made(above, name):
    os.mkdir(name, 0o700, dir_fd=above)
    return os.open(name, files.FOLDER, dir_fd=above)


def sync(stage):
    """Of the whole file system: one flush, where each file of its own would cost one."""
    if ctypes.CDLL(None, use_errno=True).syncfs(stage):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def early_sync(stage):
    """What is written goes to the disk while more is written, so that the last flush finds little left to do."""
    here = os.getpid()
    process = os.fork()
    if process == 0:
        _sync_on_and_on(here, stage)
    try:
        yield
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _sync_on_and_on(parent, stage):
    """What happens in that process."""
    try:
        die_with(parent)
        # An error is told once to each that opened the file system: not here, where nobody would hear it.
        own = os.open(".", files.FOLDER, dir_fd=stage)
        while True:
            time.sleep(_PAUSE)
            sync(own)
    finally:
        # Nothing of what the first process has under way is to be finished here, too.
        os._exit(0)


def _forget_default(stage):
    """The access list that all below it would inherit: theirs are those of the source."""
    if "system.posix_acl_default" in os.listxattr(stage):
        os.removexattr(stage, "system.posix_acl_default")
