# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree that is seen through layers, and what it is committed into: one image or one folder."""

from __future__ import annotations

from typing import NamedTuple

_BLOCK = 4096
_MIB = 1 << 20
# What a file system keeps for itself: its journal above all.
_OVERHEAD = 64 * _MIB
_INODE = 256


class Source(NamedTuple):
    union: str = ""  # where it is mounted; empty for layers that are to be stacked
    layers: tuple = ()  # link-free, the topmost first
    userxattr: bool = False
    saved: dict = {}  # layers of the store that it is seen through: what their records say


class Image(NamedTuple):
    path: str  # link-free
    format: str  # squashfs, ext4 or directory
    compression: str = ""  # of squashfs

    @property
    def old(self):
        """The path of the one that it replaced."""
        return self.path + ".old"

    def show(self):
        return {**self._asdict(), "compression": self.compression or None}


class Tree(NamedTuple):
    """What a source holds, as it counts for an image."""

    bytes: int  # in whole blocks
    inodes: int  # twice where one has several names: the copy keeps account of them
    compressed: int  # what the data is expected to come to
    unfit: tuple = ()  # (attribute, path): the first of each extended attribute that the image cannot hold


class Room(NamedTuple):
    """What an image takes of the file system that it is made in."""

    bytes: int
    inodes: int


def room(tree, format):
    if format == "directory":
        return Room(tree.bytes, tree.inodes)
    if format == "ext4":
        size = tree.bytes + tree.inodes * _INODE
        return Room(_rounded(size + size // 16 + _OVERHEAD, _MIB), 1)
    return Room(_rounded(tree.compressed, _BLOCK), 1)


class Found(NamedTuple):
    """What was seen of source and target."""

    tree: Tree
    free: Room  # where the target is to be; inodes is None where their number is not fixed
    holds: str  # of the target: one of those below
    size: int = None  # bytes of the file that the target is


NOTHING = "nothing"
ANOTHER = "another tree"
THE_SOURCE = "the source"
UNKNOWN = "unknown"  # nobody asked


class Commit(NamedTuple):
    """Of a source into a target, where another tree may be."""

    source: Source
    image: Image
    dropped: tuple = ()  # extended attributes that the image may go without
    keeps_old: bool = True
    tree: Tree = None
    destroys: bool = False
    is_used: bool = False  # by a generation of the store: it is not made again

    @property
    def path(self):
        return self.image.path

    def show(self):
        return {"step": "commit", **self.image.show(), "replaces": self.destroys}

    def simulate(self, found):
        return found._replace(holds=THE_SOURCE, size=None)


def _rounded(size, unit):
    return -(-size // unit) * unit
