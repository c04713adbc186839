# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One at a time: whoever changes something holds the folder that it is about.

The lock is on the folder itself. No file is left behind, and it is free when its holder ends, however that was.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time

from .._core.errors import OverlayrootError
from .names import decode, encode

# Seconds for which another holder is waited for: most changes are made in less.
PATIENCE = 3
_PAUSE = 0.05

_held = []  # descriptors


@contextlib.contextmanager
def held(folders):
    """Hold those of the folders that are there."""
    try:
        for path in folders:
            _take(path)
        yield
    finally:
        left()


def left():
    """Hold nothing any more; a process that was forked meanwhile and goes on by itself would hold it, too."""
    while _held:
        os.close(_held.pop())


def _take(path):
    try:
        folder = os.open(encode(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        # What is not there, or not for this user, is not changed by this process.
        return
    is_held = any(os.path.sameopenfile(folder, other) for other in _held)
    _held.append(folder)
    end = time.monotonic() + PATIENCE
    while not (is_held or _is_free(folder)):
        if time.monotonic() > end:
            raise OverlayrootError(
                f"folder {path}", f"is in the hands of {_holder(os.fstat(folder))}", "Wait for its end, or end it"
            )
        time.sleep(_PAUSE)


def _is_free(folder):
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(status):
    """In words, as far as the kernel tells."""
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with open("/proc/locks", encoding="ascii") as locks:
        pids = [words[4] for words in map(str.split, locks) if words[1] == "FLOCK" and words[5] == place]
    for pid in pids:
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as stream:
            return f"process {pid} ({decode(stream.read()).strip(chr(0)).replace(chr(0), ' ')})"
    return "another process"
