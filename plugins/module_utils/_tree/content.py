# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What regular files hold."""

from __future__ import annotations

import errno
import os
import stat

_CHUNK = 1 << 16


def open_file(folder, name):
    """A descriptor to read a regular file with."""
    return opened(folder, name)[0]


def opened(folder, name):
    """That descriptor, and the status before.

    Opening anything else may block, or act: a FIFO, a watchdog. So it is held first, looked at,
    and then opened by way of what is held, whatever is swapped meanwhile.
    """
    held = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        status = os.fstat(held)
        if not stat.S_ISREG(status.st_mode):
            raise FileNotFoundError(errno.ENOENT, "the regular file is gone")
        # A lease of another process would make opening wait, too.
        return os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), status
    finally:
        os.close(held)


def is_same(one, other):
    """Whether two descriptors give the same bytes."""
    if os.path.samestat(os.fstat(one), os.fstat(other)):
        return True
    while True:
        chunk = os.read(one, _CHUNK)
        if chunk != os.read(other, _CHUNK):
            return False
        if not chunk:
            return True
