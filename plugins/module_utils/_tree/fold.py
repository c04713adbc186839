# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer takes in those next below it: over whatever is below them all, it shows what they did.

Source: ovl_lookup() in the kernel's fs/overlayfs/namei.c.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import NamedTuple

from .._core.errors import OverlayrootError
from . import raw
from .copy import Copy
from .descent import Descent, Level
from .entries import failed
from .folder import WHITEOUT


class Place(NamedTuple):
    """Where a look-up for what is below a folder of the new layer goes on: names from the roots."""

    older: tuple = None  # in the layer that is taken in; None where it has no such folder
    base: tuple = None  # in what is below that; None where nothing of it is seen


_ROOT = Place((), ())
_NOWHERE = Place()


def fold(layers, paths, tell, newest, entries):
    """Into the copy `newest` of a layer: `layers` are those below it, the newest first. `paths` are where they hold what is
    on a file system of its own, that of the root first."""
    for older in layers:
        for path in paths:
            with contextlib.ExitStack() as stack:
                folders = [_at(stack, root, path) for root in (newest, older)]
                if None not in folders:
                    apart = [_inside(other, path) for other in paths if other != path]
                    Fold(*folders, entries, apart, tell).run()


def _at(stack, root, path):
    """The folder at a path in a layer, or None."""
    folder = stack.enter_context(contextlib.closing(root.enter(".")))
    for name in path.strip("/").split("/") if path != "/" else ():
        try:
            folder = stack.enter_context(contextlib.closing(folder.enter(name)))
        except (FileNotFoundError, NotADirectoryError):
            return None
    return folder


def _inside(other, path):
    """How a path begins with another one that leads to it; else it stands for nothing."""
    return other[len(path.rstrip("/")) :] if other.startswith(path.rstrip("/") + "/") else ""


class Fold:
    """`newer` and `older` are the root folders of the layers, `apart` the paths in them that are not to be looked into."""

    def __init__(self, newer, older, entries, apart, tell):
        self.newer = newer
        self.older = older
        self.entries = entries
        self.apart = apart
        self.tell = tell

    def run(self):
        with contextlib.closing(Descent(self._level(self.newer, _ROOT))) as descent:
            for level, (name, default, place) in descent.names():
                self.tell(self.entries.files, self.entries.bytes)
                try:
                    child = level.folders[0].enter(name)
                    child.lead_to(*_marks(default, place))
                    descent.enter(self._level(child, place, level, name))
                except OSError as error:
                    raise level.within(failed(name, error)) from error

    def _level(self, newer, place, parent=None, name=""):
        level = Level((newer,), (), parent, name)
        with self._opened(place.older) as older:
            level.left = iter(self._below(level, older, place))
            if older is not None:
                self._take_in(level, older, newer)
        return level

    def _below(self, level, older, place):
        """The folders to go on with: for each its name, what would be looked up for it by that, and its Place."""
        found = []
        (newer,) = level.folders
        for name in sorted(name for name, is_folder, _is_file in raw.entries(newer) if is_folder):
            if level.path_of(name) not in self.apart:
                with contextlib.closing(newer.enter(name)) as child:
                    default = None if place.base is None else (*place.base, name)
                    found.append((name, default, self._place(older, place, name, child.marks)))
        return found

    def _place(self, older, place, name, marks):
        """Of a folder with these marks in one that has `place`, where the older layer has the folder `older`."""
        if marks.opaque:
            return _NOWHERE
        if marks.redirect is None:
            return _step(older, place, name)
        parts = _parts(marks.redirect)
        return self._found(parts[1:]) if parts[0] == "" else _step(older, place, parts[0])

    def _found(self, names):
        """The Place of a way from the root."""
        place = _ROOT
        for name in names:
            with self._opened(place.older) as older:
                place = _step(older, place, name)
        return place

    @contextlib.contextmanager
    def _opened(self, names):
        """A folder of the older layer."""
        if names is None:
            yield None
            return
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(contextlib.closing(self.older.enter(".")))
            for name in names:
                folder = stack.enter_context(contextlib.closing(folder.enter(name)))
            yield folder

    def _take_in(self, level, older, newer):
        """What the newer layer says nothing of."""
        is_same = True
        for name, is_folder, is_file in raw.entries(older):
            if newer.look(name) is not None:
                continue
            is_same = False
            try:
                if is_folder:
                    self._take_folder(older, newer, name)
                else:
                    self.entries.add(older, newer.fd, name, is_file)
            except OverlayrootError as error:
                raise level.within(error) from error
        if not is_same:
            os.utime(newer.fd, ns=(newer.status.st_atime_ns, newer.status.st_mtime_ns))

    def _take_folder(self, older, newer, name):
        os.mkdir(name, 0o700, dir_fd=newer.fd)
        with contextlib.closing(older.enter(name)) as source, contextlib.closing(newer.enter(name)) as target:
            Copy(source, target, self.entries, self.tell).run()


def _step(older, place, name):
    """One name further; `older` is the folder at `place` in the older layer."""
    base = None if place.base is None else (*place.base, name)
    status = None if older is None else older.look(name)
    if status is None:
        return Place(None, base)
    if status is WHITEOUT or not stat.S_ISDIR(status.st_mode):
        return _NOWHERE
    with contextlib.closing(older.enter(name)) as child:
        marks = child.marks
    if marks.opaque:
        base = None
    elif marks.redirect is not None:
        *absolute, last = _parts(marks.redirect)
        base = (*absolute[1:], last) if absolute else base and (*place.base, last)
    return Place((*place.older, name), base)


def _parts(redirect):
    parts = os.fsdecode(redirect).split("/")
    names = parts[1:] if parts[0] == "" else parts
    if any(name in ("", ".", "..") for name in names) or (names == parts and len(parts) > 1):
        raise OverlayrootError(
            f"the redirect {os.fsdecode(redirect)}", "is none that a union makes", "Check what wrote the upper"
        )
    return parts


def _marks(default, place):
    """Whether a folder has to be opaque, and its redirect, to have `place.base` below it."""
    if place.base == default:
        return False, None
    if place.base is None:
        return True, None
    return False, os.fsencode("/" + "/".join(place.base))
