# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The log that dm-log-writes makes of the writes to a device (drivers/md/dm-log-writes.c), and the device
as it was in between.

What was written comes into the log when the device has flushed it. Up to such an entry, the log is all
that a device must have kept that lost power there.
"""

from __future__ import annotations

import os
import struct
import subprocess
from typing import NamedTuple

FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8

_MAGIC = 0x6A736677736872
_VERSION = 1
_SUPER = struct.Struct("<QQQI")  # magic, version, number of entries, size of a sector
_ENTRY = struct.Struct("<QQQQ")  # first sector, number of sectors, flags, length of a mark


class Entry(NamedTuple):
    start: int  # on the device, in bytes, as all of these
    size: int
    flags: int
    data: int  # where in the log
    mark: str

    @property
    def is_point(self):
        """Whether the device is to be looked at as it was here."""
        return bool(self.flags & (FLUSH | FUA | MARK))


class Log:
    """The entries of a log, to be replayed onto a copy of the device as it was before them."""

    def __init__(self, path, image):
        self.log = os.open(path, os.O_RDONLY)
        self.image = image
        self.entries = list(self._entries())
        self.points = [number for number, entry in enumerate(self.entries) if entry.is_point]

    def _entries(self):
        """Each has a sector of its own; behind it comes what was written."""
        magic, version, count, sector = _SUPER.unpack(os.pread(self.log, _SUPER.size, 0))
        if (magic, version) != (_MAGIC, _VERSION):
            raise ValueError("this is no log of dm-log-writes")
        at = sector
        for _number in range(count):
            head = os.pread(self.log, sector, at)
            first, sectors, flags, length = _ENTRY.unpack_from(head)
            mark = head[_ENTRY.size : _ENTRY.size + length].decode("ascii") if flags & MARK else ""
            entry = Entry(first * sector, sectors * sector, flags, at + sector, mark)
            yield entry
            at = entry.data + (0 if flags & DISCARD else entry.size)

    def replayed(self, numbers, left_out=()):
        """(number, path of the device as it was after that entry) of each, in their order."""
        path = self.image + ".replayed"
        subprocess.run(["cp", "--sparse=always", self.image, path], check=True)
        wanted = set(numbers)
        with open(path, "r+b", buffering=0) as copy:
            for number, entry in enumerate(self.entries):
                if number not in left_out:
                    self._replay(entry, copy.fileno())
                if number in wanted:
                    yield number, path

    def _replay(self, entry, copy):
        if entry.flags & DISCARD:
            os.pwrite(copy, bytes(entry.size), entry.start)
        elif entry.size:
            os.pwrite(copy, os.pread(self.log, entry.size, entry.data), entry.start)

    def largest(self, last):
        """The numbers of the most that was written between two points up to `last`."""
        points = [number for number in self.points if number <= last]
        intervals = map(range, points, points[1:])
        return max(intervals, key=lambda interval: sum(self.entries[number].size for number in interval))
