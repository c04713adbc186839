# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, reached without following links and changed all at once.

Folders below the upper of a union belong to users, who could put a link anywhere: paths are walked
folder by folder, and a link on the way is the error ELOOP or ENOTDIR.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat

from .names import encode

# A folder itself, never what a link leads to.
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextlib.contextmanager
def folder(path):
    """A descriptor of a folder."""
    root = os.open("/", FOLDER)
    try:
        descriptor = descend(root, filter(None, encode(path).split(b"/")))
    finally:
        os.close(root)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def descend(above, way):
    """A new descriptor of the folder that the names of a way lead to."""
    descriptor = os.dup(above)
    try:
        for name in way:
            below = os.open(name, FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def aside(path):
    """The path of a new file for another program to write, which then takes the place of the old one.

    Only for folders that users cannot write to, since paths are followed.
    """
    above, name = os.path.split(path)
    new = f"{above}/.{name}.new"
    try:
        yield new
        os.rename(new, path)
    finally:
        if os.path.exists(new):
            os.unlink(new)


def checksum(stream):
    """In hexadecimal, of what is left of a stream."""
    digest = hashlib.sha256()
    for block in iter(lambda: stream.read(1 << 20), b""):
        digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def parent(path):
    """A descriptor of the folder that holds `path`, and the name in it."""
    above, _slash, name = path.rpartition("/")
    with folder(above) as descriptor:
        yield descriptor, encode(name)


def make_dir(path, mode, uid, gid):
    with parent(path) as (above, name):
        os.mkdir(name, 0o700, dir_fd=above)
        with folder(path) as descriptor:
            os.fchown(descriptor, uid, gid)
            os.fchmod(descriptor, mode)
        os.fsync(above)


def remove_dir(path):
    """Remove an empty folder, which may be gone already."""
    with parent(path) as (above, name):
        with contextlib.suppress(FileNotFoundError):
            os.rmdir(name, dir_fd=above)
        os.fsync(above)


def rename(path, new):
    """To another name in the same file system."""
    with parent(path) as (above, name), parent(new) as (new_above, new_name):
        os.rename(name, new_name, src_dir_fd=above, dst_dir_fd=new_above)
        os.fsync(new_above)
        os.fsync(above)


def remove(path):
    """Remove a file, which may be gone already."""
    with parent(path) as (above, name):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=above)
        os.fsync(above)


def write(path, content, mode):
    """Replace a file whole, or make it. Owner, mode and extended attributes of an old one stay."""
    with parent(path) as (above, name):
        aside = b"." + name + b".overlayroot"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(aside, dir_fd=above)
        new = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=above)
        try:
            with open(new, "wb") as stream:
                stream.write(encode(content))
                stream.flush()
                os.fchmod(new, mode)
                _take_attributes(above, name, new)
                os.fsync(new)
            os.rename(aside, name, src_dir_fd=above, dst_dir_fd=above)
        except BaseException:
            os.unlink(aside, dir_fd=above)
            raise
        os.fsync(above)


def overwrite(path, content):
    """Put `content` into a file that is there, in place: of use for a line or two."""
    with parent(path) as (above, name):
        descriptor = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
        with open(descriptor, "wb") as stream:
            stream.write(encode(content))
            stream.truncate()
            stream.flush()
            os.fsync(descriptor)


def _take_attributes(above, name, new):
    """Owner, mode and extended attributes of the file that `new` replaces."""
    try:
        old = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    except FileNotFoundError:
        return
    try:
        status = os.fstat(old)
        os.fchown(new, status.st_uid, status.st_gid)
        os.fchmod(new, stat.S_IMODE(status.st_mode))
        for attribute in os.listxattr(old):
            os.setxattr(new, attribute, os.getxattr(old, attribute))
    finally:
        os.close(old)
