# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies in a layer as its file system shows it, without what a union keeps for itself in an upper.

Whiteouts, opaque marks and redirects mean the same wherever a layer is stacked. The rest is true of
one mount only: a layer that kept it could be taken for what it is not.
"""

from __future__ import annotations

import os

from . import attributes
from .overlay import Overlay, is_whiteout

_OF_ONE_MOUNT = ("origin", "impure", "uuid", "nlink")


def entries(folder):
    """Every name, and whether it is a folder and a regular file."""
    # A process that shares the descriptor may have ended midway.
    os.lseek(folder.fd, 0, os.SEEK_SET)
    with os.scandir(folder.fd) as found:
        for entry in found:
            if not folder.is_own(entry.name):
                yield entry.name, entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False)


def values(folder, target, names):
    """The extended attributes of `folder` or of an entry in it; the target has those of these names."""
    if not names:
        return {}
    dropped = [folder.PREFIX + own for own in _OF_ONE_MOUNT] if isinstance(folder, Overlay) else ()
    found = {name: attributes.value(target, name) for name in names if name not in dropped}
    return {name: value for name, value in found.items() if value is not None}


def without_marks(folder, values):
    """The attributes of a file that got the data it had in a layer below."""
    return {name: value for name, value in values.items() if name not in (folder.PREFIX + "metacopy", folder.PREFIX + "redirect")}


def is_grouped(status):
    """Whether an inode has other names that count: whiteouts of a union share one, only to save some."""
    return status.st_nlink > 1 and not is_whiteout(status)


def note_whiteouts(folder, prefix):
    """Mark the folder of that descriptor as one that holds some. A union takes it for one that was copied up, from what is
    not known; of others it lists the whiteouts themselves, where it finds nothing below.

    Source: ovl_get_inode() in the kernel's fs/overlayfs/inode.c, ovl_path_check_origin_xattr() in its util.c.
    """
    os.setxattr(folder, prefix + "origin", b"")
