# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What regular files hold, moved by the kernel."""

from __future__ import annotations

import errno
import fcntl
import os

# Of linux/fs.h.
_FICLONE = 0x40049409


class Mover:
    """Moves data between file systems, or shares it where they are one that can."""

    __slots__ = ("_shares",)

    def __init__(self):
        self._shares = True

    def move(self, source, target, size):
        """The first `size` bytes into an empty file. Holes stay holes."""
        if size == 0 or self._shares and self._share(source, target):
            return
        end = 0
        for start, end in pieces(source, size):
            os.lseek(target, start, os.SEEK_SET)
            _send(source, target, start, end)
        if end < size:
            os.ftruncate(target, size)

    def _share(self, source, target):
        try:
            fcntl.ioctl(target, _FICLONE, source)
        except OSError:
            # Not for these two, or not at all. What else is wrong is met by the copy, too.
            self._shares = False
        return self._shares


def pieces(source, size):
    """Where there is data: (start, end)."""
    end = 0
    while end < size:
        try:
            start = os.lseek(source, end, os.SEEK_DATA)
            end = min(os.lseek(source, start, os.SEEK_HOLE), size)
        except OSError as error:
            # The rest is a hole, or was cut off meanwhile.
            if error.errno == errno.ENXIO:
                return
            raise
        if start < end:
            yield start, end


def _send(source, target, start, end):
    while start < end:
        sent = os.sendfile(target, source, start, end - start)
        if sent == 0:
            return
        start += sent
