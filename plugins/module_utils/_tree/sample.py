# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How well data can be compressed, by a part of it."""

from __future__ import annotations

import os
import zlib

_CHUNK = 1 << 15
# So many chunks are compressed at most, which takes a fraction of a second.
_MOST = 256


class Sample:
    """Of chunks at equal distances in all the files that come along, one behind the other."""

    def __init__(self):
        self.place = 0
        self.next = 0
        self.distance = _CHUNK
        self.shares = []  # that are left of the chunks: each stands for as many bytes

    def wants(self, size):
        """Whether there is a place in a file of that size; if not, it has gone by."""
        if self.next < self.place + size:
            return True
        self.place += size
        return False

    def take(self, descriptor, size):
        while self.next < self.place + size:
            chunk = os.pread(descriptor, _CHUNK, self.next - self.place)
            self.shares.append(min(1, len(zlib.compress(chunk, 1)) / (len(chunk) or 1)))
            self.next += self.distance
            if len(self.shares) == _MOST:
                self.shares = self.shares[::2]
                self.distance *= 2
        self.place += size

    def estimate(self, size):
        """What so many bytes come to."""
        return round(size * sum(self.shares) / len(self.shares)) if self.shares else size
