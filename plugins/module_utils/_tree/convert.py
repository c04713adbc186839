# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer in one format, written in another: over whatever is below, it shows the same."""

from __future__ import annotations

import contextlib
import os
import stat

from . import attributes, metadata, stack
from .descent import Descent, Level
from .entries import Entries, failed
from .folder import HIDDEN
from .marks import MARKS


class Conversion:
    """Of the root folder of a layer in the format `new`. `roots` are those of all layers that it is seen through, itself
    first: what is below counts only where a format cannot refer to it. The paths `apart` are not looked into."""

    def __init__(self, roots, new, apart, tell):
        self.roots = roots
        self.new = new
        self.apart = apart
        self.tell = tell
        self.marks = None
        self.entries = None
        self.changed = []

    def run(self, layer, links, dropped):
        """Into the root folder of a new one. Gives the numbers of files and bytes, and the paths that were written to."""
        self.marks = MARKS[self.new](layer.fd)
        self.entries = _Entries(self.marks, links, dropped)
        with contextlib.closing(Descent(self._level((self.roots[0], layer)))) as descent:
            for level, name in descent.names():
                try:
                    descent.look_into(level, name, self._level)
                except OSError as error:
                    raise level.within(failed(name, error)) from error
        # Notes of some formats lie in the root.
        self._give(self.roots[:1], layer)
        return self.entries.files, self.entries.bytes, tuple(sorted(self.changed))

    def _level(self, folders, parent=None, name=""):
        source, target = folders
        level = Level(folders, (), parent, name)
        way = tuple(level.way())
        if source.marks.redirect is not None:
            self.marks.close_off(target.fd, way)
            with stack.reached(self.roots, way) as seen:
                self._fill(level, seen, target)
        else:
            level.left = iter(self._names(level, source, target, way))
            if source.marks.opaque:
                self.marks.close_off(target.fd, way)
            with stack.reached(self.roots, way) if source.is_ghost else contextlib.nullcontext((source,)) as seen:
                self._give(seen, target)
        self.changed += map(level.path_of, self.entries.changed)
        self.entries.changed = []
        self.tell(self.entries.files, self.entries.bytes)
        return level

    def _names(self, level, source, target, way):
        """Writes all but what is in folders; the names of those."""
        below = []
        for name, kind in sorted(source.names().items()):
            if level.path_of(name) in self.apart:
                continue
            self.marks.check(level.path_of(name), name)
            if kind == HIDDEN:
                self.marks.hide(target.fd, way, name)
            elif kind == stat.S_IFDIR:
                os.mkdir(name, 0o700, dir_fd=target.fd)
                below.append(name)
            else:
                self.entries.add(source, target.fd, name, kind == stat.S_IFREG)
        return below

    def _fill(self, level, seen, target):
        """With all that is seen in a folder, since another format knows no redirects."""
        for name in sorted(stack.listing(seen)):
            entry = stack.find(seen, name)
            if entry is None:
                continue
            self.marks.check(level.path_of(name), name)
            if entry.kind != stat.S_IFDIR:
                self.entries.add(entry.folder, target.fd, name, entry.kind == stat.S_IFREG)
                continue
            os.mkdir(name, 0o700, dir_fd=target.fd)
            below = stack.enter(seen, self.roots, name)
            try:
                with contextlib.closing(target.enter(name)) as inner:
                    self._fill(level, below, inner)
            finally:
                stack.close(below)
        self._give(seen, target)

    def _give(self, seen, target):
        like = stack.shown(seen)
        metadata.give(target.fd, like.status, self.entries.values(like, like.fd, like.attributes))


class _Entries(Entries):
    """With the attributes that a union shows, and none of its own."""

    def __init__(self, marks, links, dropped):
        super().__init__(links, None, dropped)
        self.marks = marks

    def values(self, source, target, names):
        found = {source.seen_as(name): attributes.value(target, name) for name in names}
        given = {name: value for name, value in found.items() if None not in (name, value) and name not in self.dropped}
        return {self.marks.attribute(name): value for name, value in given.items()}

    _values = values
