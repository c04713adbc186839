# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tree can be committed into: an image of a file system, or a folder.

Each is made by the name MADE in a folder aside (`stage`), from the root folder of a tree and its path.
How many bytes of that were read is what `tell` is told now and then.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import struct
from functools import partial

from .._core.commit import room
from .._host import files
from .._host.run import run
from . import content, loop, metadata, raw, removal
from .apart import die_with
from .copy import Copy
from .entries import Entries
from .folder import Folder
from .merged import root_of
from .mounts import HARMLESS, READ_ONLY, mounted
from .progress import bytes_read
from .stage import made

MADE = "layer"

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

# Of the kernel's fs/squashfs/squashfs_fs.h: where the name is, and the number of the compression.
_SQUASHFS = (0, b"hsqs")
_COMPRESSION = struct.Struct("<20xH")
_COMPRESSIONS = {1: "gzip", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}
# Inodes that the file system has for itself, and more.
_RESERVED = 64
# Of fs/ext4/ext4.h.
_EXT4 = (1080, b"\x53\xef")


class Squashfs:
    UNIT = 10**9  # nanoseconds that its times are counted in

    @staticmethod
    def keeps(attribute):
        return attribute.startswith(("user.", "trusted.", "security."))

    @staticmethod
    def make(root, path, stage, step, tell):
        """From where it is mounted: every program that makes such images needs a path."""
        with _created(stage) as image:
            run(
                ["mksquashfs", ".", _path(image), "-noappend", "-no-progress", "-comp", step.image.compression],
                package="the package squashfs-tools",
                watch=lambda process: tell(bytes_read(process)),
                cwd=path,
                pass_fds=[image],
                preexec_fn=partial(die_with, os.getpid()),
            )

    @staticmethod
    def shown(above, name):
        return _mounted(above, name, "squashfs")


class Ext4:
    UNIT = 1

    @staticmethod
    def keeps(attribute):
        return Squashfs.keeps(attribute) or attribute.startswith("system.posix_acl_")

    @staticmethod
    def make(root, path, stage, step, tell):
        """Not by what mke2fs copies: it leaves out sockets and what times have behind the point."""
        with _created(stage) as image:
            os.truncate(image, room(step.tree, "ext4").bytes)
            inodes = str(step.tree.inodes + _RESERVED)
            run(
                ["mkfs.ext4", "-q", "-F", "-m", "0", "-b", "4096", "-I", "256", "-N", inodes, _path(image)],
                package="the package e2fsprogs",
                pass_fds=[image],
                preexec_fn=partial(die_with, os.getpid()),
            )
            with loop.attached(image) as (device, path):
                with mounted("image", path, "ext4", HARMLESS, "noinit_itable") as here:
                    with contextlib.closing(root_of(here)) as target:
                        os.rmdir("lost+found", dir_fd=target.fd)
                        _copy(root, target, target.fd, tell)
                os.fsync(device)

    @staticmethod
    def shown(above, name):
        return _mounted(above, name, "ext4")


class Directory:
    UNIT = 1

    @staticmethod
    def keeps(_attribute):
        """Nobody knows before it was tried."""
        return True

    @staticmethod
    def make(root, path, stage, step, tell):
        with contextlib.closing(Folder(made(stage, MADE), 0)) as target:
            _copy(root, target, stage, tell)

    @staticmethod
    @contextlib.contextmanager
    def shown(above, name):
        with contextlib.closing(Folder(os.open(name, files.FOLDER, dir_fd=above), 0)) as root:
            yield root


FORMATS = {"squashfs": Squashfs, "ext4": Ext4, "directory": Directory}


def kind(above, name):
    """The format of what is there, and its compression; None where it is none of these."""
    try:
        image = content.open_file(above, name)
    except FileNotFoundError:
        return "directory", ""
    try:
        return _file_kind(image)
    finally:
        os.close(image)


def _file_kind(image):
    for format, (place, mark) in (("squashfs", _SQUASHFS), ("ext4", _EXT4)):
        if os.pread(image, len(mark), place) == mark:
            compression = _COMPRESSION.unpack(os.pread(image, _COMPRESSION.size, 0)) if format == "squashfs" else (0,)
            return format, _COMPRESSIONS.get(*compression, "")
    return None


@contextlib.contextmanager
def _created(stage):
    image = os.open(MADE, _CREATE, 0o600, dir_fd=stage)
    try:
        yield image
    finally:
        os.close(image)


def _path(image):
    """Of the descriptor, for a program that gets it."""
    return f"/proc/self/fd/{image}"


@contextlib.contextmanager
def _mounted(above, name, fstype):
    """The root folder of an image."""
    image = content.open_file(above, name)
    try:
        with loop.attached(image) as (_device, path):
            with mounted("image", path, fstype, READ_ONLY | HARMLESS) as here:
                with contextlib.closing(root_of(here)) as root:
                    yield root
    finally:
        os.close(image)


def _copy(root, target, above, tell):
    """Of a tree into an empty folder, with the help of a folder `above`, which may be the same."""
    links = next(name for name in map(str, itertools.count()) if root.look(name) is None and name != MADE)
    descriptor = made(above, links)
    try:
        Copy(root, target, Entries(descriptor), lambda files, size: tell(size)).run()
    finally:
        os.close(descriptor)
    removal.remove(above, links)
    # Removing that has changed its times.
    metadata.give(target.fd, root.status, raw.values(root, root.fd, root.attributes))
