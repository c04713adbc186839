# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way down a tree, or down several that are alike, with a bounded number of descriptors."""

from __future__ import annotations

import contextlib
import math

from .._core.errors import OverlayrootError
from .._host.names import from_os

# So many folders of one tree are left open on the way down.
_OPEN = 32


class Level:
    """Folders of the same path in each of the trees, and what is left to do in them."""

    __slots__ = ("folders", "left", "name", "parent")

    def __init__(self, folders, left, parent=None, name=""):
        self.folders = folders
        self.left = iter(left)  # names to look into
        self.parent = parent
        self.name = name

    def way(self, most=math.inf):
        """The names that lead to it; None where they have more than `most` characters."""
        names, level = [], self
        while level.parent is not None:
            names.append(level.name)
            most -= len(level.name)
            if most < 0:
                return None
            level = level.parent
        return names[::-1]

    def path(self):
        """With a slash at the end."""
        return from_os("".join(name + "/" for name in ("", *self.way())))

    def path_of(self, name):
        """Of a name in it, or of itself where that is empty."""
        return (self.path() + from_os(name)).rstrip("/") or "/"

    def within(self, error):
        """An error in it that has a name for its subject."""
        return OverlayrootError(self.path_of(error.subject), error.problem, error.cure)

    def close(self):
        for folder in self.folders:
            folder.close()


class Descent:
    """The levels from the roots, which whoever opened them closes, to where the reader is."""

    def __init__(self, root):
        self.levels = [root]

    def look_into(self, parent, name, level_of):
        """Enter the folder `name` of each tree; `level_of(folders, parent, name)` says what is to be done in it."""
        with contextlib.ExitStack() as opened:
            folders = tuple(opened.enter_context(contextlib.closing(folder.enter(name))) for folder in parent.folders)
            self.enter(level_of(folders, parent, name))
            opened.pop_all()

    def enter(self, level):
        self.levels.append(level)
        if len(self.levels) > _OPEN:
            self.levels[-_OPEN - 1].close()

    def names(self):
        """What is left in the levels, with the level: in one that is entered meanwhile first."""
        while self.levels:
            level = self.levels[-1]
            name = next(level.left, None)
            if name is None:
                self.leave()
            else:
                yield level, name

    def leave(self):
        left = self.levels.pop()
        if left.parent is not None:
            for above, folder in zip(left.parent.folders, left.folders):
                above.reopen(folder)
            left.close()

    def close(self):
        for level in self.levels[1:]:
            level.close()
