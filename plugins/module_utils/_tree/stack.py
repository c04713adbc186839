# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of several layers that are seen as one, the topmost first.

Source: ovl_lookup() in the kernel's fs/overlayfs/namei.c.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat

from .._core.errors import OverlayrootError
from .._host.names import from_os
from . import attributes, content
from .folder import PLAIN, WHITEOUT


class Entry:
    """What is seen by a name, in the layer that shows it."""

    __slots__ = ("folder", "kind", "name", "names", "status", "target")

    def __init__(self, folder, name, status):
        self.folder = folder
        self.name = name
        self.status = status
        self.kind = stat.S_IFMT(status.st_mode)
        self.target = attributes.target(folder.fd, name)
        self.names = None

    def attribute_names(self):
        if self.names is None:
            self.names = attributes.names(self.target)
        return self.names

    def attributes(self):
        """Those that the union shows."""
        found = {}
        for name in self.attribute_names():
            shown = self.folder.seen_as(name)
            if shown is not None:
                found[shown] = attributes.value(self.target, name)
        return found


class FolderEntry(Entry):
    """The topmost of the folders that are seen as one; they are open already."""

    __slots__ = ()

    def __init__(self, folder):
        self.folder = folder
        self.name = "."
        self.status = folder.status
        self.kind = stat.S_IFDIR
        self.target = folder.fd
        self.names = folder.attributes


def shown(stack):
    """The folder whose owner, mode and so on are seen, or None."""
    return next((folder for folder in stack if not folder.is_ghost), None)


def find(stack, name):
    """The Entry that is seen by a name, or None."""
    for folder in stack:
        status = folder.look(name)
        if status is WHITEOUT:
            return None
        if status is not None:
            return Entry(folder, name, status)
    return None


def listing(stack):
    """Every name with its kind."""
    if not stack:
        return {}
    found = stack[0].names()
    for folder in stack[1:]:
        for name, kind in folder.names().items():
            found.setdefault(name, kind)
    return found


def enter(stack, roots, name):
    """The folders that are seen as the folder `name`; `roots` are those of all layers."""
    if not stack:
        return ()
    trace = _Trace(stack, roots, name)
    found = []
    try:
        for child in trace.folders():
            found.append(child)
    except BaseException:
        close(found)
        raise
    return tuple(found)


def enter_over(tops, rest, below, roots, name):
    """As `enter` of (*tops, *rest), where `below` is what it has given for `rest` already."""
    found = []
    try:
        for top in tops:
            child = _folder(top, name)
            if child is WHITEOUT:
                return tuple(found)
            if child is not None:
                found.append(child)
                if child.marks is not PLAIN:
                    close(found)
                    return enter((*tops, *rest), roots, name)
    except BaseException:
        close(found)
        raise
    return (*found, *below)


@contextlib.contextmanager
def reached(roots, way):
    """The folders that are seen as the one at the end of a way of names."""
    above, folders = roots, ()
    try:
        for part in way:
            below = enter(above, roots, part)
            close(folders)
            above = folders = below
        yield above
    finally:
        close(folders)


def open_file(entry, stack, roots):
    """A descriptor of the data of a regular file that was found in a stack."""
    if entry.folder.file_marks(entry.name, entry.attribute_names()).metacopy:
        return _Trace(stack, roots, entry.name).file()
    return content.open_file(entry.folder.fd, entry.name)


def close(folders):
    for folder in folders:
        folder.close()


def _folder(above, name):
    """The folder of that name; WHITEOUT where something else of that name hides those further
    down; or None."""
    try:
        return above.enter(name)
    except NotADirectoryError:
        return WHITEOUT
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENAMETOOLONG):
            raise
    return WHITEOUT if above.look(name) is WHITEOUT else None


class _Trace:
    """A name on its way down the layers. A redirect changes what those further down are asked for."""

    def __init__(self, stack, roots, name):
        self.parts = [name]
        self.left = list(stack)
        self.roots = roots
        self.is_hidden = False  # what is further down
        self.promise = None  # of a mark: that there is more further down

    def folders(self):
        for above, name in self._places():
            child = _folder(above, name)
            if child is WHITEOUT:
                return
            if child is not None:
                yield child
                self.promise = None if child.marks.redirect is None or child.marks.opaque else "redirect"
                self._heed(child, child.marks, 0)
        self._check_kept()

    def file(self):
        self.promise = "metacopy"
        for above, name in self._places():
            status = above.look(name)
            if status is None:
                continue
            if status is WHITEOUT or not stat.S_ISREG(status.st_mode):
                break
            entry = Entry(above, name, status)
            marks = above.file_marks(name, entry.attribute_names())
            if not marks.metacopy:
                return content.open_file(above.fd, name)
            self._heed(above, marks, 0)
        return self._check_kept()

    def _places(self):
        """The folder of each layer that may hold the last part, and that part."""
        while self.left and not self.is_hidden:
            top = self.left.pop(0)
            if len(self.parts) == 1:
                yield top, self.parts[0]
                continue
            folder = self._descend(top)
            if folder is not None:
                try:
                    yield folder, self.parts[-1]
                finally:
                    folder.close()

    def _descend(self, top):
        """The folder in that layer that would hold the last part, or None."""
        way = self.parts[:-1]
        folder = top
        try:
            for after, part in zip(range(len(way), 0, -1), way):
                above, folder = folder, _folder(folder, part)
                if above is not top:
                    above.close()
                if folder in (None, WHITEOUT):
                    self.is_hidden = folder is WHITEOUT
                    return None
                self._heed(folder, folder.marks, after)
        except BaseException:
            if folder is not top:
                folder.close()
            raise
        return folder

    def _heed(self, folder, marks, after):
        """The mark of the entry that a part led to, in the layer of `folder`; there are `after` more."""
        if marks.opaque:
            self.is_hidden = True
        elif marks.redirect is not None:
            self._turn(folder.layer, os.fsdecode(marks.redirect), after)

    def _turn(self, layer, redirect, after):
        """Counted from the end, since another part may have been redirected before."""
        before, rest = self.parts[: len(self.parts) - after - 1], self.parts[len(self.parts) - after :]
        new = redirect.split("/")
        if redirect.startswith("/"):
            before, new = [], new[1:]
            self.left = [root for root in self.roots if root.layer > layer]
        if any(part in ("", ".", "..") for part in new) or not (len(new) == 1 or redirect.startswith("/")):
            raise OverlayrootError(
                f"the redirect {from_os(redirect)}", "is none that a union makes", "Check what wrote the upper"
            )
        self.parts = [*before, *new, *rest]

    def _check_kept(self):
        if self.promise:
            raise OverlayrootError(
                f"{self.promise} of {from_os(self.parts[-1])}",
                f"leads to /{from_os('/'.join(self.parts))}, which is in none of the layers below",
                "Give every layer that the upper was written over, in their order",
            )
