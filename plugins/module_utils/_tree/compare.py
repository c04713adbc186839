# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two entries of the same kind."""

from __future__ import annotations

import os
import stat

from . import content


def is_modified(new, old, open_new, open_old):
    """Whether what they hold differs; the last two open the data of a regular file."""
    if new.kind == stat.S_IFREG:
        return new.status.st_size != old.status.st_size or not _is_same_data(open_new, open_old)
    if new.kind == stat.S_IFLNK:
        return _target(new) != _target(old)
    if new.kind in (stat.S_IFCHR, stat.S_IFBLK):
        return new.status.st_rdev != old.status.st_rdev
    return False


def differing(new, old):
    """What of owner, group, mode, time of modification and extended attributes differs, by name."""
    one, other = new.status, old.status
    found = []
    if one.st_mode != other.st_mode:
        found.append("mode")
    if one.st_uid != other.st_uid:
        found.append("owner")
    if one.st_gid != other.st_gid:
        found.append("group")
    if one.st_mtime_ns != other.st_mtime_ns:
        found.append("mtime")
    mine, theirs = new.attributes(), old.attributes()
    if mine != theirs:
        found += sorted(name for name in {*mine, *theirs} if mine.get(name) != theirs.get(name))
    return tuple(found)


def _is_same_data(open_new, open_old):
    new = open_new()
    try:
        old = open_old()
        try:
            return content.is_same(new, old)
        finally:
            os.close(old)
    finally:
        os.close(new)


def _target(entry):
    return os.readlink(entry.name, dir_fd=entry.folder.fd)
