# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can make a union."""

from __future__ import annotations

from . import aufs, union, unionfs_fuse
from .errors import OverlayrootError

KINDS = {"overlay": union.Union, "aufs": aufs.Aufs, "unionfs_fuse": unionfs_fuse.UnionfsFuse}

# What each needs of a kernel, and of an initramfs beside the overlay, which other file systems than the root use, too.
FILESYSTEMS = {"overlay": "overlay", "aufs": "aufs", "unionfs_fuse": "fuse"}
_PROGRAMS = {"unionfs_fuse": "@unionfs"}


def chosen(conf, usable):
    """The backend that a boot by `conf` takes, of those that are usable with its kernel; None where it finds none."""
    return next((name for name in (conf.backend, conf.backend_fallback) if name in usable), None)


def needed(conf, usable):
    """The modules and programs that an initramfs needs for a boot by `conf`."""
    backend = chosen(conf, usable) or conf.backend
    names = ("overlay" if "overlay" in usable else "", FILESYSTEMS[backend], _PROGRAMS.get(backend), conf.data_type)
    return tuple(dict.fromkeys(filter(None, names)))


def check(conf, usable):
    """Refuse a configuration that a kernel could not boot by; `usable` are the backends of each."""
    for release, backends in sorted(usable.items()):
        if chosen(conf, backends) is None:
            wanted = " or ".join(filter(None, [conf.backend, conf.backend_fallback]))
            raise OverlayrootError(
                f"backend {wanted}",
                f"the kernel {release} does not have it" + (", or unionfs-fuse is not installed" if "unionfs_fuse" in wanted else ""),
                "Set overlayroot_backend_fallback to one that it has: " + ", ".join(sorted(backends))
                if backends else "Remove that kernel, or install what it lacks",
            )


def from_mount(mount, state):
    """The Union that a line of mountinfo shows, or None where it shows something else. `state` is what was seen of modules."""
    if mount.fstype == "overlay":
        return union.from_mount(mount, state.overlay)
    if mount.fstype == "aufs":
        return aufs.from_mount(mount, state.aufs)
    return unionfs_fuse.from_mount(mount) if mount.fstype == "fuse.unionfs" else None
