# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in one folder, copied into another."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from functools import partial

from .._core.errors import OverlayrootError
from .._host.cures import cure
from . import attributes, content, metadata, raw
from .data import Mover
from .overlay import Overlay, is_whiteout

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Only whoever writes to the source meanwhile causes these: nobody else writes to the copy.
_CHANGED = (errno.ENOENT, errno.EEXIST)


def version_of(status):
    """What differs after something was written, in the least."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Entries:
    """Copies everything but folders. Errors have a name for their subject. `below` gives the data that files of
    an upper do not have themselves; `links` is a folder beside the copy.

    There every inode with several names is made first, by a name that says which one it is. So
    processes that copy parts of one tree find each other's, and no table of them is needed.
    """

    def __init__(self, links, below=None, dropped=()):
        self.links = links
        self.below = below
        self.dropped = dropped  # extended attributes
        self.mover = Mover()
        self.way = list
        self.files = 0
        self.bytes = 0
        self.changed = []  # names; "" is that of the folder itself

    def copy(self, source, target, version, way):
        """Into the descriptor `target`, in which nothing is made after this. `version` is that of
        the folder when its folders were read, `way()` the names that lead to it. Gives what it counted."""
        self.way = way
        self.files, self.bytes, self.changed = 0, 0, []
        try:
            for name, is_folder, is_file in raw.entries(source):
                if not is_folder:
                    self._entry(self._file if is_file else self._other, source, target, name)
            metadata.give(target, source.status, self._values(source, source.fd, source.attributes))
            if version_of(os.fstat(source.fd)) != version:
                self.changed.append("")
        except OSError as error:
            raise failed("", error) from error
        return self.files, self.bytes, self.changed

    def add(self, source, target, name, is_file):
        """One of them, into a descriptor."""
        self._entry(self._file if is_file else self._other, source, target, name)

    def _entry(self, copy, source, target, name):
        try:
            if not _is_whole(copy, source, target, name):
                with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                    os.unlink(name, dir_fd=target)
                if not _is_whole(copy, source, target, name):
                    self.changed.append(name)
        except OSError as error:
            raise failed(name, error) from error
        self.files += 1

    def _file(self, source, target, name):
        """Whether the copy is what the source was at one time."""
        data, status = content.opened(source.fd, name)
        try:
            names = attributes.names(data)
            values = self._values(source, data, names)
            if source.file_marks(name, names).metacopy:
                make = partial(self._fill_file, name, status, raw.without_marks(source, values))
            else:
                make = partial(self._make_file, data, status, values)
            return self._place(target, name, status, make) and version_of(os.fstat(data)) == version_of(status)
        finally:
            os.close(data)

    def _other(self, source, target, name):
        original = attributes.target(source.fd, name)
        status = os.lstat(original)
        values = self._values(source, original, attributes.names(original))
        if stat.S_ISLNK(status.st_mode):
            make = partial(self._make_link, _link_text(original), status, values)
        elif stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
            return False
        elif isinstance(source, Overlay) and is_whiteout(status):
            make = partial(self._make_whiteout, source.PREFIX, status, values)
        else:
            make = partial(self._make_node, status, values)
        return self._place(target, name, status, make) and version_of(os.lstat(original)) == version_of(status)

    def _values(self, source, target, names):
        return {name: value for name, value in raw.values(source, target, names).items() if name not in self.dropped}

    def _place(self, target, name, status, make):
        """False where its other names got a copy of another time."""
        if not raw.is_grouped(status):
            make(target, name)
            return True
        inode = f"{status.st_dev}.{status.st_ino}"
        copy = ".".join([inode, *map(str, version_of(status))])
        try:
            self._link(copy, target, name)
        except FileNotFoundError:
            is_only = self._make_first(make, inode, copy)
            self._link(copy, target, name)
            return is_only
        return True

    def _make_first(self, make, inode, copy):
        try:
            make(self.links, copy)
        except FileExistsError:
            return True  # another process makes it just now
        try:
            os.mknod(inode, dir_fd=self.links)
        except FileExistsError:
            return False
        return True

    def _link(self, copy, target, name):
        os.link(copy, name, src_dir_fd=self.links, dst_dir_fd=target, follow_symlinks=False)

    def _fill_file(self, original, status, values, target, name):
        if self.below is None:
            raise OverlayrootError(
                original,
                "has its data in a layer below (metacopy), and which that is is not known",
                "Write it anew, and mount unions that are to be saved with metacopy=off",
            )
        data = self.below.open_file(self.way(), original, status)
        try:
            self._make_file(data, status, values, target, name)
        finally:
            os.close(data)

    def _make_file(self, data, status, values, target, name):
        copy = os.open(name, _CREATE, 0o600, dir_fd=target)
        try:
            self.mover.move(data, copy, status)
            metadata.give(copy, status, values)
        finally:
            os.close(copy)
        self.bytes += status.st_size

    def _make_link(self, text, status, values, target, name):
        os.symlink(text, name, dir_fd=target)
        metadata.give(attributes.target(target, name), status, values)

    def _make_whiteout(self, prefix, status, values, target, name):
        self._make_node(status, values, target, name)
        raw.note_whiteouts(target, prefix)

    def _make_node(self, status, values, target, name):
        os.mknod(name, stat.S_IFMT(status.st_mode) | 0o600, status.st_rdev, dir_fd=target)
        metadata.give(attributes.target(target, name), status, values)


def _is_whole(copy, *entry):
    try:
        return copy(*entry)
    except OSError as error:
        if error.errno in _CHANGED:
            return False
        raise


def _link_text(original):
    try:
        return os.readlink(original)
    except OSError as error:
        if error.errno == errno.EINVAL:
            raise FileNotFoundError(errno.ENOENT, "the link is gone") from error
        raise


def failed(name, error):
    if error.errno == errno.ENOTSUP:
        otherwise = "Remove it in the upper; access lists can be left out by drop_acls"
    else:
        otherwise = "See to it in the upper, or to the file system of the layers"
    return OverlayrootError(name, f"cannot be saved: {error.strerror}", cure(error, otherwise))
