# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way through two trees at once, without recursion and with a bounded number of descriptors."""

from __future__ import annotations

import errno

from .._core.comparison import common_end
from .._host.names import for_os
from . import stack
from .folder import HIDDEN

# So many descriptors are left open on the way down, as far as that can be.
_DESCRIPTORS = 256


class Frame:
    """A folder on the way: as it is seen in the `new` tree and in the `old` one."""

    __slots__ = ("_path", "is_replaced", "mounts", "name", "names", "new", "old", "parent", "part", "released", "shared", "top")

    def __init__(self, new, old, part, mounts=(), parent=None, name="", below=()):
        self.new = new
        self.old = old
        self.part = part
        self.mounts = mounts  # (names that lead there, Part) of the file systems below
        # Folders that both end with: of what is in them only that counts which one of the trees speaks of, too.
        self.shared = common_end(new, old)
        # By another folder: neither shows all of `below`, which they could share.
        self.is_replaced = bool(below) and not self.shared
        self.parent = parent
        self.name = name
        self.released = False
        self._path = None if parent else "/"
        self.top = self._top()
        self.names = self._names()

    @property
    def stays_open(self):
        """Redirects begin at the roots, and no way leads up from a mount point."""
        return self.parent is None or bool(self.mounts) or self.new is self.part.new

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
        """Those that may differ, with the kind that is seen now."""
        kinds = stack.listing(self.tops(self.new))
        for name in stack.listing(self.tops(self.old)):
            if name not in kinds:
                entry = stack.find(self.shared, name)
                kinds[name] = entry.kind if entry else HIDDEN
        return iter(sorted(kinds.items()))

    def tops(self, folders):
        """What is not shared of one of the trees."""
        return folders[: len(folders) - len(self.shared)] if self.shared else folders


class Walk:
    """The frames from the roots to where the reader is."""

    def __init__(self, parts):
        root, *others = parts
        mounts = tuple((tuple(for_os(part.path)[1:].split("/")), part) for part in others)
        self.frames = [Frame(root.new, root.old, root, mounts)]
        self.window = max(1, _DESCRIPTORS // max(len(part.new) + len(part.old) for part in parts))

    def child(self, frame, name):
        """The folder `name` in both trees, or None where it is the same."""
        mounts = ()
        if frame.mounts:
            inside = [(names[1:], part) for names, part in frame.mounts if names[0] == name]
            mounts = tuple((names, part) for names, part in inside if names)
            for names, part in inside:
                if not names:
                    return Frame(part.new, part.old, part, mounts, frame, name) if part.new != part.old else None
        opened = []
        try:
            below = stack.enter(frame.shared, frame.part.new, name)
            opened += below
            old = stack.enter_over(frame.tops(frame.old), frame.shared, below, frame.part.old, name)
            opened += old
            new = stack.enter_over(frame.tops(frame.new), frame.shared, below, frame.part.new, name)
            opened += new
            if not stack.shown(new):
                raise FileNotFoundError(errno.ENOENT, "the folder is gone")
            child = Frame(new, old if stack.shown(old) else (), frame.part, mounts, frame, name, below)
        except BaseException:
            stack.close(opened)
            raise
        if below or child.old is not old:
            stack.close({*opened} - child.folders())
        return child

    def enter(self, child):
        self.frames.append(child)
        if len(self.frames) > self.window:
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

    def _release(self, frame, below):
        """Close what `below` leads back to."""
        if frame.stays_open:
            return
        frame.released = True
        mine = frame.folders()
        for folder in below.folders():
            if folder.parent in mine:
                folder.parent.close()
