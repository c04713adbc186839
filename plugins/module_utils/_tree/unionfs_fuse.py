# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches of unionfs-fuse.

A whiteout of PATH is PATH_HIDDEN~ in a folder for notes at the root of the branch, whether PATH is in the branch or not: it
hides what the branches below have there. So a folder with a whiteout of its own is opaque, and of a folder that is not in
the branch there may be notes all the same.

Source: src/general.c, src/findbranch.c and src/readdir.c of unionfs-fuse. Version 1 calls the folder .unionfs-fuse.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from .._core.errors import OverlayrootError
from .._host import files
from .folder import CLOSED, HIDDEN, PLAIN, WHITEOUT, Folder, Marks

_NOTES = (".unionfs", ".unionfs-fuse")
_TAG = "_HIDDEN~"
# What was removed while it was open.
_REMOVED = ".fuse_hidden"


class UnionfsFuse(Folder):
    """A ghost stands for a folder that is not in the branch: its descriptor is that of the notes about it."""

    __slots__ = ("hidden", "is_ghost", "noted", "root", "way")

    def __init__(self, fd, layer, parent=None, name="", is_ghost=False):
        self.way = () if parent is None else (*parent.way, name)
        self.root = None if parent is None else parent.root  # the status of the branch's own folder
        self.is_ghost = is_ghost
        super().__init__(fd, layer, parent)

    def enter(self, name):
        # "." is a root, by a descriptor of its own.
        parent = None if name == "." else self
        try:
            fd = os.open(name, files.FOLDER, dir_fd=self.fd) if not self.is_ghost else self._notes_of(name)
        except FileNotFoundError:
            return type(self)(self._notes_of(name), self.layer, parent, name, True)
        return type(self)(fd, self.layer, parent, name, self.is_ghost)

    def reopen(self, child):
        if self.fd == CLOSED and child.is_ghost and not self.is_ghost:
            self.fd = files.descend(child.fd, (*[".."] * (1 + len(child.way)), *self.way))
            if not os.path.samestat(os.fstat(self.fd), self.status):
                raise _moved()
        super().reopen(child)

    def look(self, name):
        if self._is_no_name(name):
            return None
        status = None if self.is_ghost else super().look(name)
        return WHITEOUT if status is None and name in self.hidden else status

    def names(self):
        shown = {} if self.is_ghost else super().names()
        shown = {name: kind for name, kind in shown.items() if not self._is_no_name(name)}
        return {**dict.fromkeys(self.noted, stat.S_IFDIR), **dict.fromkeys(self.hidden, HIDDEN), **shown}

    def own_marks(self):
        self.root = self.root or self.status
        found = list(self._notes())
        self.hidden = frozenset(name[: -len(_TAG)] for name in found if name.endswith(_TAG))
        self.noted = frozenset(name for name in found if not name.endswith(_TAG))
        return Marks(opaque=True) if self.parent and self.way[-1] in self.parent.hidden else PLAIN

    def is_own(self, name):
        return name.startswith(_REMOVED)

    def _is_no_name(self, name):
        return self.is_own(name) or (not self.way and name in _NOTES)

    def _notes(self):
        """The names in the notes about this folder; those of folders lead to more of them."""
        if self.is_ghost:
            yield from os.listdir(self.fd)
            return
        for place in _NOTES:
            try:
                fd = self._open_notes((place, *self.way))
            except (FileNotFoundError, NotADirectoryError):
                continue
            try:
                yield from os.listdir(fd)
            finally:
                os.close(fd)

    def _notes_of(self, name):
        """A descriptor of those about a folder that is not in the branch."""
        if name not in self.noted or name in self.hidden:
            raise FileNotFoundError(errno.ENOENT, "no such folder")
        if self.is_ghost:
            return os.open(name, files.FOLDER, dir_fd=self.fd)
        for place in _NOTES:
            with contextlib.suppress(FileNotFoundError):
                return self._open_notes((place, *self.way, name))
        raise FileNotFoundError(errno.ENOENT, "the notes are gone")

    def _open_notes(self, way):
        """By way of the branch's own folder."""
        top = files.descend(self.fd, [".."] * len(self.way))
        try:
            if not os.path.samestat(os.fstat(top), self.root):
                raise _moved()
            return files.descend(top, way)
        finally:
            os.close(top)


def _moved():
    return OverlayrootError("a folder", "was moved while it was read", "Try again when less is written")
