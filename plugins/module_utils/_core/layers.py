# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders as layers of a union: what the kernel refuses, and what it takes and should not.

Source: fs/overlayfs/super.c. The kernel refuses (ELOOP) a lower that is, or lies within, another
layer; a lower that contains the upper is fine. An upper that another union uses it only warns of,
and what becomes of the files is undefined: that is refused here.
"""

from __future__ import annotations

from itertools import combinations

from . import mounted, mountinfo
from .aufs import MOST
from .backends import from_mount
from .errors import OverlayrootError
from .union import LONGEST, VOLATILE_MARKER
from .unionfs_fuse import PROGRAM

# Types with names that differ in case only, which overlayfs cannot merge.
NO_LOWER = frozenset(("vfat", "msdos", "exfat", "hfs", "hfsplus"))
# Types without whiteouts or trusted.* attributes.
NO_UPPER = NO_LOWER | {"overlay", "aufs", "nfs", "nfs4", "cifs", "smb3"}

# What aufs refuses, with EINVAL.
NO_BRANCH = frozenset(("aufs", "overlay"))

DEEPEST = 2


def check(state, union):
    """OverlayrootError where `union`, whose paths are link-free, cannot or should not be mounted.

    `state` must know every path of the union, those of all mounted unions, the volatile marker of a work folder, and
    the program unionfs-fuse.
    """
    for lower in union.lower:
        _check_lower(state, lower)
    _CHECKS[union.backend](state, union)
    _check_overlap(state, union)
    _check_in_use(state, union)


def _check_overlay(state, union):
    if "overlay" not in state.filesystems:
        raise OverlayrootError("backend overlay", "the kernel has no overlayfs", "Install its module or a kernel with it")
    if union.upper is None and len(union.lower) < 2:
        raise OverlayrootError(
            f"lower {union.lower[0]}",
            "a union without an upper needs two lowers",
            "Give another lower (an empty folder will do), or bind-mount this one read-only",
        )
    for lower in union.lower:
        _check_type(state, "lower", lower, NO_LOWER)
    if union.upper is not None:
        _check_overlay_upper(state, union)
    if 1 + max(depth(state.mounts, state, path) for path in union.lower) > DEEPEST:
        raise OverlayrootError(
            union.path,
            f"a lower lies on a union of a union; the kernel stacks {DEEPEST} deep",
            "Use the layers of the lower instead of the lower itself",
        )
    length = len(union.mount_options().encode("utf-8", "surrogateescape"))
    if length > LONGEST:
        raise OverlayrootError(
            union.path,
            f"the mount options are {length} bytes long, the kernel takes {LONGEST}",
            "Use fewer lowers or shorter paths",
        )


def _check_aufs(state, union):
    if "aufs" not in state.filesystems:
        raise OverlayrootError(
            "backend aufs", "the kernel has no aufs, which no release of Debian has", "Install a kernel with it, or choose the backend overlay"
        )
    branches = [path for path, _permission in union.listed()]
    if len(branches) > MOST:
        raise OverlayrootError(union.path, f"has {len(branches)} branches, aufs takes {MOST}", "Use fewer lowers")
    for path in branches:
        _check_type(state, "branch", path, NO_BRANCH)
    if union.upper is not None:
        _check_writable(state, "upper", union.upper, NO_BRANCH)


def _check_unionfs_fuse(state, union):
    if not state.paths[PROGRAM].kind:
        raise OverlayrootError("backend unionfs_fuse", f"{PROGRAM} is not there", "Install the package unionfs-fuse")
    if "fuse" not in state.filesystems:
        raise OverlayrootError("backend unionfs_fuse", "the kernel has no FUSE", "Install its module or a kernel with it")
    if union.upper is not None:
        _check_writable(state, "upper", union.upper, frozenset())


def depth(mounts, state, path):
    """How many unions lie below a path."""
    if path not in state.paths:
        return 0
    mount = mountinfo.visible(mounts, state.real(path))
    union = mount and from_mount(mount, state)
    if not union:
        return 0
    below = mountinfo.without(mounts, mount)
    return 1 + max(depth(below, state, lower) for lower in union.lower)


def _check_lower(state, path):
    kind = state.paths[path].kind
    if kind != "directory":
        raise OverlayrootError(f"lower {path}", "is no folder" if kind else "does not exist", "Name an existing folder")


def _check_writable(state, role, path, unfit):
    _check_type(state, role, path, unfit)
    mount = state.mount_of(path)
    if mount is not None and mount.read_only:
        raise OverlayrootError(f"{role} {path}", f"{mount.path} is mounted read-only", "Remount it writable")


def _check_overlay_upper(state, union):
    for role, path in _writables(union):
        _check_writable(state, role, path, NO_UPPER)
    if state.mount_of(union.upper) != state.mount_of(union.work):
        raise OverlayrootError(
            f"work {union.work}",
            f"is not in the same mount as the upper {union.upper}",
            "Use a folder beside the upper",
        )
    marker = f"{union.work}/{VOLATILE_MARKER}"
    if state.paths[marker].kind:
        raise OverlayrootError(
            f"work {union.work}",
            "a volatile union used it and was not known to be synced, so the upper may have lost data",
            f"Empty the upper and the work folder; or, if you trust the upper, remove {marker}",
        )


def _check_type(state, role, path, unfit):
    mount = state.mount_of(path)
    if mount is not None and mount.fstype in unfit:
        raise OverlayrootError(
            f"{role} {path}",
            f"is on {mount.fstype} ({mount.path}), which cannot hold the {role} of a union",
            "Use a folder on a file system such as ext4, xfs, btrfs or tmpfs",
        )


def _check_overlap(state, union):
    every = [("lower", path) for path in union.lower] + _writables(union)
    for (role, path), (other_role, other) in combinations(every, 2):
        mine, yours = state.place(path), state.place(other)
        if mine is None or yours is None:
            continue
        # A lower may contain the upper and the work folder: the root may be a lower.
        may_contain = role == "lower" and other_role != "lower"
        if mine.is_within(yours) if may_contain else mine.overlaps(yours):
            raise OverlayrootError(
                f"{role} {path}",
                f"is, or lies within, the {other_role} {other}, or the reverse",
                "Use separate folders",
            )


def _check_in_use(state, union):
    for mount, other in mounted.unions(state):
        used = [mounted.place_of_layer(state, mount, path) for _role, path in _writables(other)]
        used = [place for place in used if place is not None]
        for role, path in _writables(union):
            place = state.place(path)
            if place is not None and any(place.overlaps(theirs) for theirs in used):
                raise _in_use(role, path, other)
        for path in union.lower:
            if state.place(path) in used:
                raise _in_use("lower", path, other)


def _writables(union):
    return [(role, path) for role, path in (("upper", union.upper), ("work", union.work)) if path is not None]


def _in_use(role, path, other):
    return OverlayrootError(
        f"{role} {path}",
        f"is in use: the union at {other.path} writes to it",
        f"Unmount {other.path} first, or use another folder",
    )


_CHECKS = {"overlay": _check_overlay, "aufs": _check_aufs, "unionfs_fuse": _check_unionfs_fuse}
