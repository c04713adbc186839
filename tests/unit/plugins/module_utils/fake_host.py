# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host that is made up: it is seen as `_host/see.py` sees a real one."""

from __future__ import annotations

from typing import NamedTuple

from ansible_collections.labs.overlayroot.plugins.module_utils._core import mountinfo
from ansible_collections.labs.overlayroot.plugins.module_utils._core.backends import FILESYSTEMS, from_mount
from ansible_collections.labs.overlayroot.plugins.module_utils._core.paths import with_parents
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import File, PathInfo, State, Usage
from ansible_collections.labs.overlayroot.plugins.module_utils._core.unionfs_fuse import PROGRAM

MIB = 1 << 20
USAGE = Usage(100 * MIB, 60 * MIB, 50 * MIB, 1000, 900)


def mount(number, parent, path, fstype="ext4", options="", device=None, root="/", access="rw"):
    """A line of mountinfo; `options` as the kernel shows them, without the access."""
    device = device or f"8:{number}"
    shown = ",".join(filter(None, [access, options]))
    return mountinfo.parse(f"{number} {parent} {device} {root} {path} {access},relatime - {fstype} none {shown}\n")[0]


ROOT = mount(1, 0, "/")


class FakeHost(NamedTuple):
    folders: tuple = ()  # those above them are there, too
    plain_files: tuple = ()  # paths that are no folders
    links: dict = {}  # path: where it leads to
    files: dict = {}  # path: content
    small_files: dict = {}  # folder: {name: content}
    mounts: tuple = (ROOT,)
    filesystems: frozenset = frozenset(("ext4", "overlay"))
    overlay: dict = {}
    aufs: dict = {}
    kernel: tuple = (6, 12)
    initramfs: dict = {}
    static: frozenset = frozenset()
    memory: int = 1024 * MIB
    time: str = "2026-11-21T08:00:00Z"

    def _backends(self):
        usable = {name for name, fstype in FILESYSTEMS.items() if fstype in self.filesystems}
        return frozenset(usable if PROGRAM in self.plain_files else usable - {"unionfs_fuse"})

    def see(self, sight):
        asked = set(sight.paths)
        if sight.layers:
            unions = filter(None, (from_mount(mount, self) for mount in self.mounts))
            asked.update(path for union in unions for path in (union.path, *union.lower, union.upper, union.work))
        paths = {}
        for path in filter(_is_absolute, asked):
            info = self._look_at(path)
            paths[path] = paths[info.real] = info
        return State(
            mounts=self.mounts,
            paths=paths,
            files={path: File(self.files[path]) if path in self.files else None for path in sight.files},
            folders={path: self.small_files.get(path) for path in sight.folders},
            filesystems=self.filesystems,
            backends=dict.fromkeys(self.initramfs, self._backends()),
            static=self.static,
            overlay=self.overlay,
            aufs=self.aufs,
            kernel=self.kernel,
            memory=self.memory,
            time=self.time,
            initramfs=self.initramfs if sight.initramfs else {},
        )

    def _look_at(self, path):
        real = path
        for link, target in self.links.items():
            if mountinfo.is_within(path, link):
                real = target + path[len(link) :]
        there = {"/", *(above for folder in self.folders for above in with_parents(folder))}
        there.update(mount.path for mount in self.mounts)
        places = {mountinfo.place(self.mounts, folder) for folder in there} - {None}
        if real in there or mountinfo.place(self.mounts, real) in places:
            return PathInfo(real, "directory", 0o755, 0, 0, USAGE)
        return PathInfo(real, "file" if real in self.plain_files else "")


def _is_absolute(path):
    return path is not None and path.startswith("/")
