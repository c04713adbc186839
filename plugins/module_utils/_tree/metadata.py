# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Owner, mode, times and extended attributes, given to what was copied."""

from __future__ import annotations

import os
import stat


def give(target, status, attributes):
    """The target is a descriptor, or the path of a name in a folder (see attributes.py).

    The order matters: a new owner takes set-id bits and capabilities away, an access list decides
    about the mode, and everything but the last step sets the time.
    """
    follow = isinstance(target, int)
    os.chown(target, status.st_uid, status.st_gid, follow_symlinks=follow)
    for name, value in attributes.items():
        _give_attribute(target, name, value, follow)
    if not stat.S_ISLNK(status.st_mode):
        os.chmod(target, stat.S_IMODE(status.st_mode))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=follow)


def _give_attribute(target, name, value, follow):
    try:
        os.setxattr(target, name, value, follow_symlinks=follow)
    except OSError as error:
        raise OSError(error.errno, f"the attribute {name} cannot be kept there: {error.strerror}") from error
