# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree as its file system has it: what a union does not show, too."""

from __future__ import annotations

import errno
import os
import stat

from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import read

_OF_ONE_MOUNT = ("origin", "impure", "uuid", "nlink")


def exact(top):
    """What `read` finds, the pieces of data of each file, and the names of each inode that has several."""
    found = read(top)
    for entry in found.values():
        for prefix in ("trusted.overlay.", "user.overlay."):
            for own in _OF_ONE_MOUNT:
                entry[2].pop(prefix + own, None)
    names = {}
    pieces = {}
    for path in found:
        status = os.lstat(top + path)
        if stat.S_ISREG(status.st_mode):
            pieces[path] = _pieces(top + path)
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode) and not _is_whiteout(status):
            names.setdefault(status.st_ino, set()).add(path)
    return found, pieces, {frozenset(group) for group in names.values() if len(group) > 1}


def _is_whiteout(status):
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def _pieces(path):
    found, end = [], 0
    with open(path, "rb") as stream:
        while True:
            try:
                start = os.lseek(stream.fileno(), end, os.SEEK_DATA)
            except OSError as error:
                assert error.errno == errno.ENXIO
                return found
            end = os.lseek(stream.fileno(), start, os.SEEK_HOLE)
            found.append((start, end))
