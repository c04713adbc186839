# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What survives a reset: paths below the mount point of a union."""

from __future__ import annotations

import posixpath

from .._core import mountinfo
from .._core.backends import from_mount
from .._core.errors import OverlayrootError
from .._core.paths import clean
from .._core.steps import CopyUp


def paths(given, union, when, generation):
    """As they were given, in order."""
    found = tuple(sorted(map(clean, given)))
    if found and when == "never":
        raise OverlayrootError(f"keep {found[0]}", "all is kept where nothing is reset", "Leave it out")
    if found and generation is not None:
        raise OverlayrootError(
            f"keep {found[0]}", f"was written over what generation {generation} may not have", "Leave one of the two out"
        )
    for path, other in zip(found, found[1:]):
        if mountinfo.is_within(other, path):
            raise OverlayrootError(f"keep {other}", f"lies within {path}, which is kept whole", "Leave it out")
    if union in found:
        raise OverlayrootError(f"keep {union}", "is what is to be reset", "Name what is to be kept")
    return found


def above(paths):
    """The folders that hold them."""
    return sorted(set(map(posixpath.dirname, paths)))


def copied_up(paths, union):
    """Steps to have the folders that hold them in the upper."""
    return tuple(CopyUp(folder) for folder in above(paths) if folder != union)


def place(seen, path, is_concerned):
    """The upper that holds a path, and where; `is_concerned(union)` is whether that one is reset."""
    folder = posixpath.dirname(path)
    if seen.paths[folder].kind != "directory" or seen.real(folder) != folder:
        raise OverlayrootError(f"keep {path}", f"{folder} is no folder, or leads elsewhere", "Give the path without links")
    mount = seen.mount_of(folder)
    union = from_mount(mount, seen)
    if union is None or union.upper is None or not is_concerned(union):
        raise OverlayrootError(f"keep {path}", f"a reset leaves {mount.path} alone", "Leave it out")
    return union.upper, "/" + posixpath.relpath(path, mount.path)
