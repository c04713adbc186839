# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can make a union."""

from __future__ import annotations

from . import aufs, union, unionfs_fuse

KINDS = {"overlay": union.Union, "aufs": aufs.Aufs, "unionfs_fuse": unionfs_fuse.UnionfsFuse}


def from_mount(mount, state):
    """The Union that a line of mountinfo shows, or None where it shows something else. `state` is what was seen of modules."""
    if mount.fstype == "overlay":
        return union.from_mount(mount, state.overlay)
    if mount.fstype == "aufs":
        return aufs.from_mount(mount, state.aufs)
    return unionfs_fuse.from_mount(mount) if mount.fstype == "fuse.unionfs" else None
