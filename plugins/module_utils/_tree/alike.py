# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two trees that are to be the same."""

from __future__ import annotations

import contextlib
import stat
from functools import partial

from .._core.errors import OverlayrootError
from . import compare, content, raw
from .descent import Descent, Level
from .stack import Entry, FolderEntry


def difference(source, copy, unit=1, dropped=(), tell=lambda size: None):
    """The first path that is not the same in the copy of a tree, and what of it; or None.

    The copy knows times of modification in units of so many nanoseconds, and has none of the
    extended attributes that are `dropped`. Access times and holes are not compared. How many bytes were
    compared is what `tell` is told now and then.
    """
    return _Comparison(unit, dropped, tell).run(source, copy)


class _Comparison:
    def __init__(self, unit, dropped, tell):
        self.unit = unit
        self.dropped = dropped
        self.tell = tell
        self.bytes = 0
        self.twins = ({}, {})  # of inodes with several names in one of the trees: the one in the other

    def run(self, source, copy):
        what = self._differing(FolderEntry(source), FolderEntry(copy))
        if what:
            return "/", what
        with contextlib.closing(Descent(_level((source, copy)))) as descent:
            for level, name in descent.names():
                what = self._told(descent, level, name)
                if what:
                    return level.path_of(name), what
        return None

    def _told(self, descent, level, name):
        try:
            return self._look(descent, level, name)
        except OSError as error:
            raise OverlayrootError(
                level.path_of(name), f"cannot be read: {error.strerror}", "See to the layers and to the image"
            ) from error

    def _look(self, descent, level, name):
        source, copy = level.folders
        one, other = source.look(name), copy.look(name)
        if one is None or other is None:
            return "name"
        if stat.S_IFMT(one.st_mode) != stat.S_IFMT(other.st_mode):
            return "type"
        if stat.S_ISDIR(one.st_mode):
            descent.look_into(level, name, _level)
            return self._differing(*map(FolderEntry, descent.levels[-1].folders))
        if not self._are_twins(one, other):
            return "hard links"
        self.bytes += one.st_size
        self.tell(self.bytes)
        return self._other(Entry(source, name, one), Entry(copy, name, other))

    def _other(self, one, other):
        open_one, open_other = (partial(content.open_file, entry.folder.fd, entry.name) for entry in (one, other))
        return self._differing(one, other) or ("content" if compare.is_modified(one, other, open_one, open_other) else "")

    def _differing(self, one, other):
        found = [name for name in compare.differing(one, other) if name not in self.dropped]
        if "mtime" in found and one.status.st_mtime_ns // self.unit == other.status.st_mtime_ns // self.unit:
            found.remove("mtime")
        return ", ".join(found)

    def _are_twins(self, one, other):
        """Whether the same other names lead to both, as far as they have come up."""
        if one.st_nlink == 1 and other.st_nlink == 1:
            return True
        mine, yours = ((status.st_dev, status.st_ino) for status in (one, other))
        there, here = self.twins
        return there.setdefault(mine, yours) == yours and here.setdefault(yours, mine) == mine


def _level(folders, parent=None, name=""):
    names = {entry for folder in folders for entry, *_kind in raw.entries(folder)}
    return Level(folders, sorted(names), parent, name)
