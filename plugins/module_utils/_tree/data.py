# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What regular files hold, moved by the kernel."""

from __future__ import annotations

import errno
import fcntl
import mmap
import os

# Of linux/fs.h.
_FICLONE = 0x40049409
# From so many bytes on, data goes straight to the disk. It has to get there before the save is over,
# and the way through the cache would cost memory and another copy.
_LARGE = 1 << 23
_CHUNK = 1 << 20
# What begins and ends at multiples of it suits every file system and disk.
_BLOCK = 1 << 12


class Mover:
    """Moves data between file systems, or shares it where they are one that can."""

    __slots__ = ("_buffer", "_shares")

    def __init__(self):
        self._shares = True
        self._buffer = None

    def move(self, source, target, status):
        """What the source had at that status into an empty file. Holes stay holes."""
        size = status.st_size
        if size == 0 or self._shares and self._share(source, target):
            return
        if size <= _BLOCK and status.st_blocks:
            # There is no hole in one block.
            _send(source, target, 0, size)
            return
        end = 0
        for start, end in pieces(source, size):
            if end - start >= _LARGE:
                start = self._send_straight(source, target, start, end)
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

    def _send_straight(self, source, target, start, end):
        """As many whole blocks as that can be done with; gives where the rest starts."""
        # Such a buffer begins with a page, as direct input and output ask for.
        self._buffer = self._buffer or memoryview(mmap.mmap(-1, _CHUNK))
        flags = fcntl.fcntl(target, fcntl.F_GETFL)
        try:
            fcntl.fcntl(target, fcntl.F_SETFL, flags | os.O_DIRECT)
            while start < end:
                size = os.preadv(source, [self._buffer[: end - start]], start) // _BLOCK * _BLOCK
                if size == 0:
                    break
                start += os.pwrite(target, self._buffer[:size], start)
        except OSError as error:
            # This file system cannot do it, or not from here on.
            if error.errno != errno.EINVAL:
                raise
        finally:
            fcntl.fcntl(target, fcntl.F_SETFL, flags)
        return start


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
