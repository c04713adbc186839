# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way through two trees at once, without recursion and with a bounded number of descriptors."""

from __future__ import annotations

import errno

from . import stack
from .folder import HIDDEN, PLAIN

# So many descriptors are left open on the way down, as far as that can be.
_DESCRIPTORS = 256


class Frame:
    """A folder on the way: as it is seen now (`new`) and as it is below (`old`)."""

    __slots__ = ("_path", "is_plain", "name", "names", "new", "old", "parent", "released", "top")

    def __init__(self, new, old, parent=None, name=""):
        self.new = new
        self.old = old
        # What is below is seen but for what the topmost layer says.
        self.is_plain = new[1:] == old
        self.parent = parent
        self.name = name
        self.released = False
        self._path = None if parent else "/"
        self.top = self._top()
        self.names = self._names()

    def path(self):
        """With a slash at the end. Made when it is asked for: those of a very deep tree would fill
        the memory."""
        if self._path is None:
            missing, frame = [], self
            while frame._path is None:
                missing.append(frame.name)
                frame = frame.parent
            self._path = frame._path + "/".join(reversed(missing)) + "/"
        return self._path

    def folders(self):
        return {*self.new, *self.old}

    def close(self):
        stack.close(self.new)
        stack.close(self.old)

    def _top(self):
        """The folder of the summary that this one belongs to: the second one down."""
        depth_two = self.parent is None or self.parent.parent is None or self.parent.parent.parent is None
        return self.path()[:-1] or "/" if depth_two else self.parent.top

    def _names(self):
        kinds = self.new[0].names() if self.is_plain else self._all_names()
        return iter(sorted(kinds.items()))

    def _all_names(self):
        return {**dict.fromkeys(stack.listing(self.old), HIDDEN), **stack.listing(self.new)}


class Walk:
    """The frames from the roots to where the reader is."""

    def __init__(self, roots):
        self.roots = roots
        self.frames = [Frame(roots, roots[1:])]
        self.window = max(1, _DESCRIPTORS // (2 * len(roots)))

    def child(self, frame, name):
        """The folder `name` as it is now and below."""
        opened = []
        try:
            old = stack.enter(frame.old, self.roots, name)
            opened += old
            new = self._enter(frame, name, old)
            opened += new
            return Frame(new, old, frame, name)
        except BaseException:
            stack.close(opened)
            raise

    def enter(self, child):
        self.frames.append(child)
        # The roots stay open: redirects begin at them.
        if len(self.frames) > self.window + 1:
            self._release(self.frames[-self.window - 1], self.frames[-self.window])

    def leave(self):
        left = self.frames[-1]
        if left.parent and left.parent.released:
            here = left.parent.folders()
            for folder in left.folders():
                if folder.parent in here:
                    folder.parent.reopen(folder)
            left.parent.released = False
        self.frames.pop().close()

    def close(self):
        for frame in self.frames:
            frame.close()

    def _enter(self, frame, name, old):
        if frame.is_plain:
            top = frame.new[0].enter(name)
            if top.marks is PLAIN:
                return (top, *old)
            top.close()
        folders = stack.enter(frame.new, self.roots, name)
        if not folders:
            raise FileNotFoundError(errno.ENOENT, "the folder is gone")
        return folders

    def _release(self, frame, below):
        """Close what `below` leads back to."""
        frame.released = True
        mine = frame.folders()
        for folder in below.folders():
            if folder.parent in mine:
                folder.parent.close()
