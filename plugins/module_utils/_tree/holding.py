# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a folder holds something beside what it is known to hold."""

from __future__ import annotations

import contextlib
import os
import posixpath

from .._core import mounted
from .._host import files
from .._host.names import for_os


def only_kept(seen, path, paths):
    """Whether the upper of the union at a mount point holds nothing but what is at `paths`, and leads there."""
    union = _union(seen, path)
    return union is not None and _holds_only(union.upper, [other[len(union.path) :] for other in paths])


def is_alone(seen, path):
    """Whether upper and work folder of the union at a mount point have their file system for themselves."""
    union = _union(seen, path)
    if union is None:
        return False
    top = seen.mount_of(union.upper).path
    return _holds_only(top, ["lost+found", *(posixpath.relpath(folder, top) for folder in (union.upper, union.work))])


def ways(paths):
    """The names on the way to each."""
    return {tuple(for_os(path).strip("/").split("/")) for path in paths}


def below(name, known):
    """The rest of those ways that begin with a name."""
    return {way[1:] for way in known if way[:1] == (name,)}


def _union(seen, path):
    union = mounted.at(seen, seen.real(path))
    return union if union is not None and union.upper is not None else None


def _holds_only(path, paths):
    with contextlib.suppress(OSError), files.folder(path) as folder:
        return _leads_only(folder, ways(paths))
    return False


def _leads_only(folder, known):
    for name in os.listdir(folder):
        rest = below(name, known)
        if () in rest:
            continue
        if not rest:
            return False
        inner = os.open(name, files.FOLDER, dir_fd=folder)
        try:
            if not _leads_only(inner, rest):
                return False
        finally:
            os.close(inner)
    return True
