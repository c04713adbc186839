# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What differs between two trees that are seen through layers."""

from __future__ import annotations

import errno
import stat
from functools import partial

from .._core.errors import OverlayrootError
from .._host.names import from_os
from . import compare, stack
from .folder import HIDDEN
from .walk import Walk

_TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "link",
    stat.S_IFCHR: "character_device",
    stat.S_IFBLK: "block_device",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
}
# What has to be looked at even where nothing is below.
_COMPARED = (stat.S_IFDIR, HIDDEN)
# In a union that is in use an entry may go, or become another one, while it is looked at.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


class Change:
    """One path that is not as it is below."""

    __slots__ = ("_frame", "_mode", "_name", "_old_mode", "attributes", "kind")

    def __init__(self, frame, name, kind, mode, old_mode=None, attributes=()):
        self._frame = frame
        self._name = name
        self._mode = mode
        self._old_mode = old_mode
        self.kind = kind  # added, modified, deleted, type, attributes or opaque
        self.attributes = attributes  # the names of those that differ

    @property
    def path(self):
        return from_os(self._frame.path() + self._name)

    @property
    def type(self):
        """Of the file; where it is deleted, the one it had."""
        return _TYPES[self._mode]

    @property
    def was(self):
        """The type below, where that is another one."""
        return _TYPES.get(self._old_mode)

    @property
    def top(self):
        """The folder that it is counted for in a summary: the one it is in, two deep at most."""
        return from_os(self._frame.top)


def changes(parts):
    """A stream of Change; `parts` are those of a comparison, with the root folders of their layers.

    The order is that of the names, a folder before what it holds. What lies in a folder that is
    not there any more is not listed. In a folder that is new, or has a new name, everything is.
    """
    walk = Walk(parts)
    frame, name = walk.frames[0], ""
    try:
        yield from _of_root(frame)
        while walk.frames:
            frame = walk.frames[-1]
            for name, kind in frame.names:
                if not frame.old and kind not in _COMPARED:
                    # Most of what a session leaves: there is nothing to compare it with.
                    yield Change(frame, name, "added", kind)
                    continue
                change, child = _look(walk, frame, name, kind)
                if child is not None:
                    walk.enter(child)
                if change is not None:
                    yield change
                if child is not None:
                    break
            else:
                walk.leave()
    except OSError as error:
        raise OverlayrootError(
            from_os(frame.path() + name), f"cannot be read: {error.strerror}", "Look at it in the upper and below"
        ) from error
    finally:
        walk.close()


def _of_root(frame):
    attributes = _differing_folder(frame)
    if attributes:
        yield Change(frame, "", "attributes", stat.S_IFDIR, attributes=attributes)


def _look(walk, frame, name, kind):
    """The Change of a name, and the frame to look into; both may be None."""
    child = None
    try:
        if kind == stat.S_IFDIR:
            child = walk.child(frame, name)
            return child and _folder(frame, name, child), child
        return _other(frame, name, kind), None
    except BaseException as error:
        if child is not None:
            child.close()
        if isinstance(error, OSError) and error.errno in _GONE:
            return None, None
        raise


def _folder(frame, name, child):
    if not child.old:
        old = stack.find(frame.old, name)
        return Change(frame, name, "type" if old else "added", stat.S_IFDIR, old and old.kind)
    attributes = _differing_folder(child)
    if child.is_replaced:
        return Change(frame, name, "opaque", stat.S_IFDIR, attributes=attributes)
    return Change(frame, name, "attributes", stat.S_IFDIR, attributes=attributes) if attributes else None


def _differing_folder(frame):
    return compare.differing(*map(stack.FolderEntry, map(stack.shown, (frame.new, frame.old))))


def _other(frame, name, kind):
    old = stack.find(frame.old, name)
    if kind == HIDDEN:
        return old and Change(frame, name, "deleted", old.kind)
    if old is None:
        return Change(frame, name, "added", kind)
    new = stack.find(frame.new, name)
    if new is None:
        return None
    if new.kind != old.kind:
        return Change(frame, name, "type", new.kind, old.kind)
    attributes = compare.differing(new, old)
    open_new = partial(stack.open_file, new, frame.new, frame.part.new)
    open_old = partial(stack.open_file, old, frame.old, frame.part.old)
    if compare.is_modified(new, old, open_new, open_old):
        return Change(frame, name, "modified", kind, attributes=attributes)
    return Change(frame, name, "attributes", kind, attributes=attributes) if attributes else None
