# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of several layers that are seen as one, the topmost first.

Source: ovl_lookup() in the kernel's fs/overlayfs/namei.c.
"""

from __future__ import annotations

import errno
import stat

from .._core.errors import OverlayrootError
from .._host.names import decode
from . import attributes, content
from .folder import WHITEOUT


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
        names = self.attribute_names()
        seen = {name: self.folder.seen_as(name) for name in names}
        return {shown: attributes.value(self.target, name) for name, shown in seen.items() if shown is not None}


class FolderEntry(Entry):
    """The topmost of the folders that are seen as one; they are open already."""

    __slots__ = ()

    def __init__(self, folder):
        self.folder = folder
        self.name = b"."
        self.status = folder.status
        self.kind = stat.S_IFDIR
        self.target = folder.fd
        self.names = folder.attributes


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
    found = {}
    for folder in stack:
        for name, kind in folder.names().items():
            found.setdefault(name, kind)
    return found


def enter(stack, roots, name):
    """The folders that are seen as the folder `name`; `roots` are those of all layers."""
    return _Trace(stack, roots, name).folders() if stack else ()


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
        self.promise = None  # of a mark: that there is more below

    def folders(self):
        found = []
        try:
            for above, name in self._places():
                child = _folder(above, name)
                if child is WHITEOUT:
                    break
                if child is not None:
                    found.append(child)
                    self.promise = None if child.marks.redirect is None or child.marks.opaque else "redirect"
                    self._heed(child, child.marks, len(self.parts) - 1)
            else:
                self._check_kept()
        except BaseException:
            close(found)
            raise
        return tuple(found)

    def file(self):
        for above, name in self._places():
            entry = find((above,), name)
            if entry is None and above.look(name) is None:
                continue
            if entry is None or entry.kind != stat.S_IFREG:
                break
            marks = above.file_marks(name, entry.attribute_names())
            if not marks.metacopy:
                return content.open_file(above.fd, name)
            self._heed(above, marks, len(self.parts) - 1)
        self.promise = "metacopy"
        return self._check_kept()

    def _places(self):
        """The folder of each layer that may hold the last part, and that part."""
        while self.left:
            top = self.left.pop(0)
            folder, name = self._descend(top)
            if folder is not None:
                try:
                    yield folder, name
                finally:
                    if folder is not top:
                        folder.close()

    def _descend(self, top):
        """To the folder that would hold the last part, or None, and that part."""
        *way, last = self.parts
        folder = top
        for number, part in enumerate(way):
            below = _folder(folder, part)
            if folder is not top:
                folder.close()
            if below is WHITEOUT:
                self.left = []
            if below in (None, WHITEOUT):
                return None, last
            folder = below
            self._heed(folder, folder.marks, number)
        return folder, last

    def _heed(self, folder, marks, number):
        """The mark of the entry that part `number` leads to, in the layer of `folder`."""
        if marks.opaque:
            self.left = []
        elif marks.redirect is not None:
            self._turn(folder.layer, marks.redirect, number)

    def _turn(self, layer, redirect, number):
        new = redirect.split(b"/")
        rest = self.parts[number + 1 :]
        if new[0] == b"" and len(new) > 1:
            new = new[1:]
            self.parts = new + rest
            self.left = [root for root in self.roots if root.layer > layer]
        else:
            self.parts = [*self.parts[:number], *new, *rest]
        if any(part in (b"", b".", b"..") for part in new) or (not redirect.startswith(b"/") and len(new) > 1):
            raise OverlayrootError(
                f"the redirect {decode(redirect)}", "is none that a union makes", "Check what wrote the upper"
            )

    def _check_kept(self):
        if self.promise:
            raise OverlayrootError(
                f"{self.promise} of {decode(self.parts[-1])}",
                f"leads to /{decode(b'/'.join(self.parts))}, which is in none of the layers below",
                "Give every layer that the upper was written over, in their order",
            )
