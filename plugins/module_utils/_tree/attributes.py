# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Extended attributes of what a target is: a descriptor, or a name in a folder."""

from __future__ import annotations

import errno
import os


def target(folder, name):
    """Neither the name nor what it may be swapped for is opened or followed. Only /proc lets a
    descriptor and a name be joined for these calls."""
    return f"/proc/self/fd/{folder}/{name}"


def names(of):
    try:
        return os.listxattr(of) if isinstance(of, int) else os.listxattr(of, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return []
        raise


def value(of, name):
    """None where the attribute is not there (any more)."""
    try:
        return os.getxattr(of, name, follow_symlinks=isinstance(of, int))
    except OSError as error:
        if error.errno == errno.ENODATA:
            return None
        raise
