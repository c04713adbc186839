# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reset of a union at another mount point than the root's, which takes place at once."""

from __future__ import annotations

import posixpath

from .._core import filesystem, mounted, mountinfo
from .._core.errors import OverlayrootError
from .._core.state import Sight
from .._core.steps import Keep, MakeDir, Mount, RemoveTree, RenewFilesystem, SetAside, Unmount
from . import reset_kept, reset_snapshot


def sight(wanted):
    kept = (wanted.path, wanted.keep) if wanted.keep else ()
    alone = wanted.path if wanted.method == "mkfs" else ""
    return Sight(paths=(wanted.path, *reset_kept.above(wanted.keep)), layers=True, kept=kept, alone=alone)


def plan(seen, wanted):
    union = _union(seen, wanted)
    kept = tuple(reset_kept.place(seen, path, lambda other: other.path == union.path)[1] for path in wanted.keep)
    if _is_empty(seen, union):
        return ()
    _check_unused(seen, union)
    if wanted.method == "mkfs":
        return (Unmount(union), _new_filesystem(seen, wanted, union), Mount(union))
    info = seen.paths[union.upper]
    number = mountinfo.at(seen.mounts, union.path).id
    upper, *work = map(seen.real, union.writables)
    old_upper, *old_work = (f"{posixpath.dirname(path)}/.{posixpath.basename(path)}.reset-{number}" for path in (upper, *work))
    if wanted.method == "snapshot":
        old_upper = f"{posixpath.dirname(upper)}/{wanted.id or reset_snapshot.made_name(seen)}"
    return (
        *reset_kept.copied_up(wanted.keep, wanted.path),
        Unmount(union),
        SetAside(upper, old_upper),
        *map(SetAside, work, old_work),
        MakeDir(upper, info.mode, info.uid, info.gid),
        *map(MakeDir, work),
        *([Keep(upper, old_upper, kept, union.format)] if kept else ()),
        Mount(union),
        *([] if wanted.method == "snapshot" else [RemoveTree(wanted.path, old_upper)]),
        *(RemoveTree(wanted.path, path) for path in old_work),
    )


def show(state, wanted):
    union = _union(state, wanted)
    return {"path": union.path, "upper_empty": _is_empty(state, union)}


def _union(seen, wanted):
    path = seen.real(wanted.path)
    union = mounted.at(seen, path)
    if union is None:
        raise OverlayrootError(f"path {wanted.path}", "no union is mounted there", "Name the mount point of a union")
    if union.upper is None:
        raise OverlayrootError(f"path {wanted.path}", "the union is read-only: it has no upper", "There is nothing to reset")
    return union


def _is_empty(state, union):
    """But for what is kept."""
    return state.paths[union.upper].is_empty or state.only_kept


def _new_filesystem(seen, wanted, union):
    mount = seen.mount_of(union.upper)
    filesystem.check(mount.fstype, mount.source)
    if mount.root != "/" or any(seen.mount_of(path) != mount for path in union.writables):
        raise OverlayrootError("method mkfs", f"{mount.path} is only a part of a file system", "Use method: discard")
    for other in seen.mounts:
        if other != mount and (other.device == mount.device or mountinfo.is_within(other.path, mount.path)):
            raise OverlayrootError("method mkfs", f"{mount.path} is in use: see what is mounted at {other.path}", "Unmount that first")
    for over, other in mounted.unions(seen):
        for layer in (*other.lower, *filter(None, [other.upper if other != union else None])):
            place = mounted.place_of_layer(seen, over, layer)
            if place is not None and place.device == mount.device:
                raise OverlayrootError("method mkfs", f"{layer} of the union at {other.path} lies on {mount.path}", "Use method: discard")
    if not (seen.alone or wanted.discard_saved):
        raise OverlayrootError(
            "method mkfs", f"{mount.path} holds more than the upper and the work folder", "Set discard_saved to let that go, too"
        )
    return RenewFilesystem(wanted.path, mount, tuple(map(seen.real, union.writables)))


def _check_unused(seen, union):
    """Refuse where others would lose by it: what is mounted in the folders, and unions over this one."""
    for path in union.writables:
        if seen.paths[path].kind != "directory":
            raise OverlayrootError(path, "is not there any more", "Unmount the union, and mount it anew")
        inside = [mount.path for mount in seen.mounts if mountinfo.is_within(mount.path, seen.real(path))]
        if inside:
            raise OverlayrootError(path, f"{inside[0]} is mounted in it", "Unmount that first")
    for _mount, other in mounted.unions(seen):
        if any(mountinfo.is_within(path, union.path) for path in (*other.lower, other.upper or "")):
            raise OverlayrootError(union.path, f"the union at {other.path} lies on it", "Unmount that first")
