# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A checksum over all that a layer holds."""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import os
import stat
import zlib
from functools import partial

from .._core.errors import OverlayrootError
from . import attributes, content, raw
from .descent import Descent, Level

_CHUNK = 1 << 20
# So many names are sorted at once.
_NAMES = 1 << 15


def manifest(folder):
    """The same for an upper and for the layer that is saved from it. A hole is the same as zeros."""
    digest = _Digest()
    with contextlib.closing(Descent(_level(digest, (folder,)))) as descent:
        while descent.levels:
            level = descent.levels[-1]
            name = next(level.left, None)
            if name is None:
                digest.add("leave")
                descent.leave()
                continue
            try:
                _look(digest, descent, level, name)
            except OSError as error:
                raise OverlayrootError(
                    level.path_of(name), f"cannot be read: {error.strerror}", "See to the file system of the layers"
                ) from error
    return digest.text()


def _look(digest, descent, level, name):
    (folder,) = level.folders
    status = os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
    digest.begin(name)
    if stat.S_ISDIR(status.st_mode):
        descent.look_into(level, name, partial(_level, digest))
    elif stat.S_ISREG(status.st_mode):
        digest.add_file(folder, name)
    else:
        digest.add_other(folder, name, status)


def _level(digest, folders, parent=None, name=""):
    (folder,) = folders
    digest.add_metadata(folder, folder.fd, folder.status)
    return Level(folders, _in_order(folder), parent, name)


def _in_order(folder):
    """The names. Those of a very large folder would fill the memory, so it is read again for each part of them."""
    last, found = "", _NAMES
    while found == _NAMES:
        found = 0
        for last in heapq.nsmallest(_NAMES, (name for name, *_kind in raw.entries(folder) if name > last)):
            found += 1
            yield last


def _sum_of(data):
    """Of what a disk may lose, this finds as much as what would take a shutdown many times as long without a processor's help."""
    found = 0
    while True:
        chunk = os.read(data, _CHUNK)
        if not chunk:
            return found
        found = zlib.crc32(chunk, found)


class _Digest:
    """Of facts in an order that their number and kinds cannot be mistaken in."""

    def __init__(self):
        self.sum = hashlib.sha256()
        self.entries = 0
        self.inodes = {}  # of those with several names: how many entries came before

    def text(self):
        return self.sum.hexdigest()

    def add(self, *facts):
        self.sum.update(repr(facts).encode())

    def begin(self, name):
        self.entries += 1
        self.add(os.fsencode(name))

    def add_metadata(self, folder, target, status):
        values = raw.values(folder, target, attributes.names(target))
        self.add(status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, sorted(values.items()))

    def add_file(self, folder, name):
        data = content.open_file(folder.fd, name)
        try:
            status = os.fstat(data)
            if self._is_known(status):
                return
            self.add_metadata(folder, data, status)
            self.add(status.st_size, _sum_of(data))
        finally:
            os.close(data)

    def add_other(self, folder, name, status):
        if self._is_known(status):
            return
        target = attributes.target(folder.fd, name)
        self.add_metadata(folder, target, status)
        self.add(os.readlink(os.fsencode(target)) if stat.S_ISLNK(status.st_mode) else status.st_rdev)

    def _is_known(self, status):
        """Whether another name of the inode came before."""
        if not raw.is_grouped(status):
            return False
        inode = status.st_dev, status.st_ino
        if inode in self.inodes:
            # Most have no more than two, so that there is nothing left to remember.
            self.add("again", self.inodes.pop(inode) if status.st_nlink == 2 else self.inodes[inode])
            return True
        self.inodes[inode] = self.entries
        return False
