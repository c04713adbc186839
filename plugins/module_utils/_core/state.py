# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was seen of a host, and what to look at."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from . import mountinfo


class Sight(NamedTuple):
    """What to look at. The kernel's tables are always read: they cost nothing."""

    paths: tuple = ()  # to be resolved and examined
    files: tuple = ()  # to be read
    folders: tuple = ()  # whose small files are to be read
    layers: bool = False  # examine the layers of every mounted union, too
    initramfs: bool = False  # list the initramfs of each kernel, and which backends that has
    programs: tuple = ()  # whether they need libraries
    initrds: tuple = ()  # of initrd.Recipe: what was made by them, and what would be
    checksums: str = ""  # of the layers of the store there
    kept: tuple = ()  # a mount point and paths below it: whether the upper of the union there holds nothing else
    alone: str = ""  # a mount point: whether upper and work folder of the union there have their file system for themselves
    devices: tuple = ()  # /dev/..., UUID=... or LABEL=..., whose file system is wanted
    subhost: tuple = ()  # its configuration, what overlay-boot calls the action, whether it may have commands, and its text
    subhosts: bool = False  # those that run
    server: int = 0  # a process: whether it is kept awake


class Usage(NamedTuple):
    """Of a file system, as statvfs(3) counts: bytes, and inodes where it has a fixed number."""

    size: int
    free: int  # for root
    available: int  # for everyone else
    inodes: int
    inodes_free: int


class File(NamedTuple):
    content: str  # decoded with surrogateescape
    mode: int = 0o644


class PathInfo(NamedTuple):
    """A path: `real` has no links in it, whether there is something or not."""

    real: str
    kind: str = ""  # "directory", "file" or "other"; empty where nothing is
    mode: int = 0
    uid: int = 0
    gid: int = 0
    usage: Usage = None
    is_empty: bool = False  # of a folder


class State(NamedTuple):
    """What was seen. A path or file that was looked at and is not there has the value None or an
    empty `kind`; one that was not looked at has no key."""

    mounts: tuple = ()  # of mountinfo.Mount
    paths: dict = {}  # path, both as asked and link-free: PathInfo
    files: dict = {}  # path: File or None
    folders: dict = {}  # path: {name: content, or None for what is no small file}, or None
    filesystems: frozenset = frozenset()  # that the kernel has, or could load
    overlay: dict = {}  # parameters of the module overlay: {"index": False}
    aufs: dict = {}  # branches of each file system of type aufs: {"1a2b": (("/upper", "rw"), ("/lower", "ro+wh"))}
    kernel: tuple = (0, 0)
    memory: int = 0  # bytes of RAM
    time: str = ""  # when it was seen, in UTC: 2026-11-21T08:00:00Z
    initramfs: dict = {}  # kernel release: frozenset of the names in its initramfs, and of its built-in modules
    backends: dict = {}  # kernel release: frozenset of the backends that it can be used with
    static: frozenset = frozenset()  # of the programs that were asked about: those that need no libraries
    initrds: dict = {}  # initrd.Recipe: initrd.Made
    checksums: dict = {}  # id of a layer: that of what it holds, None where it cannot be read
    only_kept: bool = False  # the upper that was asked about holds nothing else
    alone: bool = False  # the upper that was asked about has its file system for itself
    devices: dict = {}  # device as asked: type of its file system, "" for none, None for no device
    uptime: int = 0  # of the host, in hundredths of a second
    subhosts: object = None  # subhosts.Subhosts, where they were asked for
    awake: object = None  # whether the server that was asked about is kept awake; None where it serves nothing by FUSE
    unreadable: tuple = ()  # paths that only another user may read: here they are as if nothing was there

    def real(self, path):
        return self.paths[path].real

    def place(self, path):
        return mountinfo.place(self.mounts, self.real(path))

    def mount_of(self, path):
        """The mount that holds a path."""
        return mountinfo.visible(self.mounts, self.real(path))

    def file(self, path):
        """A file that was read, by itself or with its folder; None where none is."""
        if path in self.files:
            return self.files[path]
        above, name = posixpath.split(path)
        content = (self.folders.get(above) or {}).get(name)
        return None if content is None else File(content)

    def with_file(self, path, content):
        """With a file written, or, with None, removed."""
        after = self._replace(files={**self.files, path: content})
        return after.with_entry(path, content and content.content)

    def with_entry(self, path, content):
        """With a small file in a folder that was looked at written, or, with None, removed."""
        above, name = posixpath.split(path)
        if self.folders.get(above) is None:
            return self
        folder = {known: text for known, text in self.folders[above].items() if known != name}
        if content is not None:
            folder[name] = content
        return self._replace(folders={**self.folders, above: folder})

    def with_kind(self, path, kind, **attributes):
        """With something made, or, with "", removed at the link-free `path`, whatever it was asked as."""
        folders = self.folders
        if path in folders:
            folders = {**folders, path: (folders[path] or {}) if kind == "directory" else None}
        paths = {
            asked: info._replace(kind=kind, **{"is_empty": False, **attributes}) if info.real == path else info
            for asked, info in self.paths.items()
        }
        return self._replace(paths=paths, folders=folders)
