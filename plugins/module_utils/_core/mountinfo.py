# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kernel's table of mounts, as in /proc/self/mountinfo (proc_pid_mountinfo(5))."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple


class Mount(NamedTuple):
    """One line of the table; paths and option values are decoded."""

    id: int
    parent: int
    device: str  # "major:minor" of the file system
    root: str  # the folder of the file system that is seen at `path`
    path: str
    options: tuple  # of the mount: ("rw", "relatime")
    tags: tuple  # propagation: ("shared:1",)
    fstype: str
    source: str
    super_options: tuple  # of the file system: (("rw", None), ("lowerdir", "/a:/b"))

    @property
    def read_only(self):
        return "ro" in self.options or ("ro", None) in self.super_options


def parse(text):
    """The table as a tuple of Mount, in the kernel's order."""
    return tuple(_parse_line(line) for line in text.split("\n") if line)


def visible(mounts, path):
    """The mount that a look-up of the absolute, link-free `path` ends in, or None.

    The look-up goes down from the root as the kernel's does: a mount that a later one hides is
    never met. None is possible where the root of a chroot is no mount point.
    """
    here = _root(mounts)
    while here is not None:
        below = _child_towards(mounts, here, path)
        if below is None:
            return here
        here = below
    return None


def at(mounts, path):
    """The mount whose mount point `path` is (the topmost of a stack), or None."""
    mount = visible(mounts, path)
    return mount if mount is not None and mount.path == path else None


def without(mounts, mount):
    """The table as it was before `mount` and all that was mounted on it."""
    gone = {mount.id}
    while True:
        more = {m.id for m in mounts if m.parent in gone and m.parent != m.id} - gone
        if not more:
            return tuple(m for m in mounts if m.id not in gone)
        gone |= more


class Place(NamedTuple):
    """Where a path really lies: two names of one folder (through a bind mount) have one Place."""

    device: str
    path: str

    def overlaps(self, other):
        return self.device == other.device and (is_within(self.path, other.path) or is_within(other.path, self.path))

    def is_within(self, other):
        return self.device == other.device and is_within(self.path, other.path)


def place(mounts, path):
    """The Place of an absolute, link-free path, or None where its mount is not in the table."""
    mount = visible(mounts, path)
    if mount is None:
        return None
    return Place(mount.device, posixpath.normpath(posixpath.join(mount.root, posixpath.relpath(path, mount.path))))


def is_within(path, folder):
    """Whether `path` is `folder` or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def decode(field):
    """Undo the octal escapes of the kernel's tables and of fstab, each of which stands for a byte."""
    raw = field.encode("utf-8", "surrogateescape")
    raw = re.sub(rb"\\([0-3][0-7]{2})", lambda match: bytes([int(match.group(1), 8)]), raw)
    return raw.decode("utf-8", "surrogateescape")


def _parse_line(line):
    head, _dash, tail = line.partition(" - ")
    number, parent, device, root, path, options, *tags = head.split(" ")
    fstype, source, super_options = tail.split(" ", 2)
    return Mount(
        int(number),
        int(parent),
        device,
        decode(root),
        decode(path),
        tuple(options.split(",")),
        tuple(tags),
        decode(fstype),
        decode(source),
        tuple(_parse_option(option) for option in super_options.split(",")),
    )


def _parse_option(option):
    key, equals, value = option.partition("=")
    return decode(key), decode(value) if equals else None


def _root(mounts):
    ids = {mount.id for mount in mounts}
    for mount in mounts:
        if mount.path == "/" and (mount.parent not in ids or mount.parent == mount.id):
            return mount
    return None


def _child_towards(mounts, here, path):
    children = [m for m in mounts if m.parent == here.id and m.id != here.id and is_within(path, m.path)]
    return min(children, key=lambda m: len(m.path), default=None)
