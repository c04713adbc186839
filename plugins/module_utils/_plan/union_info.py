# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module union_info shows."""

from __future__ import annotations

from typing import NamedTuple

from .._core import backends, bootconf, initramfs, layout, mounted, mountinfo, record, session, store
from .._core.paths import clean
from .._core.state import Sight
from . import generations

ARGUMENTS = {"path": {"type": "str"}}


class Wanted(NamedTuple):
    path: str  # None: all there is


def wanted(params):
    return Wanted(clean(params["path"]))


def sight(wanted):
    if wanted.path is not None:
        return Sight(paths=(wanted.path,), layers=True)
    return Sight(
        files=(layout.RECORD, *layout.both((bootconf.PATH, initramfs.LIBRARY))),
        folders=store.FOLDERS,
        layers=True,
        initramfs=True,
    )


def show(state, wanted):
    if wanted.path is not None:
        path = state.real(wanted.path)
        return {"unions": [union for union in _unions(state) if union["path"] == path]}
    return {
        "unions": _unions(state),
        "root": _root(state),
        "initramfs": _initramfs(state),
        "store": generations.show(state),
        "session": session.report(state),
    }


def _unions(state):
    return [_union(state, mount, union) for mount, union in mounted.unions(state)]


def _union(state, mount, union):
    read_only = union.upper is None
    is_visible = mountinfo.at(state.mounts, union.path) == mount
    return {
        **union.show(),
        "read_only": read_only or mount.read_only,
        "upper_present": not read_only and union.upper in state.paths and bool(state.paths[union.upper].kind),
        "usage": _usage(state.paths[union.path].usage) if is_visible and not read_only else None,
    }


def _usage(usage):
    """A union counts as the file system of its upper does, be that still mounted elsewhere or not; None for one
    in a folder that this user may not look into."""
    return usage and {
        "size_bytes": usage.size,
        "used_bytes": usage.size - usage.free,
        "available_bytes": usage.available,
        "inodes": usage.inodes,
        "inodes_used": usage.inodes - usage.inodes_free,
        "inodes_free": usage.inodes_free,
    }


def _root(state):
    if _conf(state) is None and not layout.is_union(state):
        # A record that is there is of the boot before the host was unprovisioned.
        return None
    found = state.files[layout.RECORD]
    if found is None:
        return {"protected": False, "reason": "the host has not started by way of the boot hook since it was provisioned"}
    values = record.values(found.content)
    return {**values, "protected": values.get("protected") == "yes"}


def _conf(state):
    """The configuration of the base, None where the host is not provisioned."""
    file = state.files[layout.base(state, bootconf.PATH)]
    return file and bootconf.parse(file.content)


def _initramfs(state):
    conf = _conf(state)
    if conf is None:
        return []
    library = state.files[layout.base(state, initramfs.LIBRARY)]
    text = library.content if library else ""
    return [
        {"kernel": release, "lacking": list(initramfs.lacking(image, text, backends.needed(conf, state.backends[release])))}
        for release, image in sorted(state.initramfs.items())
    ]
