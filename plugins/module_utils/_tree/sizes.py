# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a tree holds."""

from __future__ import annotations

import contextlib
import os
import stat

from .._core.commit import Tree
from .._core.errors import OverlayrootError
from . import attributes, content, data, raw
from .descent import Descent, Level
from .sample import Sample

_BLOCK = 4096
# Of a folder's block, what a name takes besides its length.
_NAME = 24
# Of an image in which files share blocks, what an inode takes.
_INODE = 32


def measured(root, keeps):
    """The Tree below a folder; `keeps(attribute)` says whether the image can hold that extended attribute."""
    sizes = _Sizes(keeps)
    with contextlib.closing(Descent(sizes.level((root,)))) as descent:
        for level, name in descent.names():
            try:
                sizes.look(descent, level, name)
            except OSError as error:
                raise OverlayrootError(
                    level.path_of(name), f"cannot be read: {error.strerror}", "See to the layers, or end what writes to them"
                ) from error
    return sizes.tree()


class _Sizes:
    def __init__(self, keeps):
        self.keeps = keeps
        self.bytes = 0
        self.data = 0
        self.inodes = 0
        self.known = set()  # inodes with several names
        self.unfit = {}
        self.sample = Sample()

    def tree(self):
        compressed = self.sample.estimate(self.data) + self.inodes * _INODE
        return Tree(self.bytes, self.inodes, compressed, tuple(sorted(self.unfit.items())))

    def level(self, folders, parent=None, name=""):
        (folder,) = folders
        names = sorted(entry for entry, *_kind in raw.entries(folder))
        level = Level(folders, names, parent, name)
        self._count(level, "", folder.attributes, sum(map(len, names)) + _NAME * len(names))
        return level

    def look(self, descent, level, name):
        (folder,) = level.folders
        status = os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            descent.look_into(level, name, self.level)
        elif not self._is_known(status):
            size = self._data(folder.fd, name, status) if stat.S_ISREG(status.st_mode) else 0
            self._count(level, name, attributes.names(attributes.target(folder.fd, name)), size)

    def _count(self, level, name, found, size):
        self.inodes += 1
        self.bytes += _blocks(size) or _BLOCK
        if found:
            self.bytes += _BLOCK
        for attribute in found:
            if attribute not in self.unfit and not self.keeps(attribute):
                self.unfit[attribute] = level.path_of(name)

    def _data(self, folder, name, status):
        """Bytes of a regular file that are no hole."""
        size = status.st_size
        has_holes = status.st_blocks * 512 < size
        if has_holes or self.sample.wants(size):
            descriptor = content.open_file(folder, name)
            try:
                if has_holes:
                    size = sum(end - start for start, end in data.pieces(descriptor, size))
                else:
                    self.sample.take(descriptor, size)
            finally:
                os.close(descriptor)
        self.data += size
        return size

    def _is_known(self, status):
        if not raw.is_grouped(status):
            return False
        inode = status.st_dev, status.st_ino
        if inode in self.known:
            return True
        self.known.add(inode)
        self.inodes += 1
        return False


def _blocks(size):
    return -(-size // _BLOCK) * _BLOCK
