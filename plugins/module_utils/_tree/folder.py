# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder of a layer, by descriptor."""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

from .._core.errors import OverlayrootError
from .._host import files
from . import attributes

# What a look-up finds where a layer hides a name of those below it.
WHITEOUT = object()
# The kind of such a name; other kinds are the file types of stat(2).
HIDDEN = 0

CLOSED = -1


class Marks(NamedTuple):
    """What a layer says of an entry, besides what it is."""

    opaque: bool = False  # hides the folders of that name below
    redirect: bytes = None  # the name, or the path from the root, that it has below
    metacopy: bool = False  # has its data below


PLAIN = Marks()


class Folder:
    """As it is without any union; the formats of layers are subclasses.

    A name is only ever looked up in a descriptor, and no link is followed, so whoever owns the
    tree cannot lead the reader out of it, whatever is swapped meanwhile.
    """

    __slots__ = ("attributes", "fd", "layer", "marks", "parent", "status")

    # Whether the layer does not have the folder, but says something of what is in it.
    is_ghost = False

    def __init__(self, fd, layer, parent=None):
        self.fd = fd
        self.layer = layer  # its number, the topmost is 0
        self.parent = parent
        try:
            self.status = os.fstat(fd)
            self.attributes = attributes.names(fd)
            self.marks = self.own_marks()
        except BaseException:
            self.close()
            raise

    def enter(self, name):
        return type(self)(os.open(name, files.FOLDER, dir_fd=self.fd), self.layer, self)

    def close(self):
        if self.fd != CLOSED:
            os.close(self.fd)
            self.fd = CLOSED

    def reopen(self, child):
        """By way of a folder in it, unless that was moved elsewhere."""
        if self.fd != CLOSED:
            return
        fd = os.open("..", files.FOLDER, dir_fd=child.fd)
        if not os.path.samestat(os.fstat(fd), self.status):
            os.close(fd)
            raise OverlayrootError("a folder", "was moved while it was read", "Try again when less is written")
        self.fd = fd

    def look(self, name):
        """The status of a name, WHITEOUT, or None."""
        try:
            return os.stat(name, dir_fd=self.fd, follow_symlinks=False)
        except OSError as error:
            # A name that is too long for this file system may be fine in another layer.
            if error.errno in (errno.ENOENT, errno.ENAMETOOLONG):
                return None
            raise

    def names(self):
        """Every name, with its kind."""
        found = {}
        with os.scandir(self.fd) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    found[entry.name] = stat.S_IFREG
                elif entry.is_dir(follow_symlinks=False):
                    found[entry.name] = stat.S_IFDIR
                else:
                    found[entry.name] = self._kind(entry.name)
        return found

    def _kind(self, name):
        status = self.look(name)
        return HIDDEN if status in (None, WHITEOUT) else stat.S_IFMT(status.st_mode)

    def own_marks(self):
        """What the layer says of this folder."""
        return PLAIN

    def is_own(self, name):
        """Whether a name in it is bookkeeping, which means nothing to another mount."""
        return False

    def file_marks(self, name, names):
        """What the layer says of a regular file in it that has attributes of these names."""
        return PLAIN

    def seen_as(self, attribute):
        """The name that the union shows an extended attribute by; None for one of its own."""
        return attribute
