# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to do about what the kernel refuses."""

from __future__ import annotations

import errno

_OF_FILE_SYSTEMS = {
    errno.ENOSPC: "Make room on its file system; on that of the store, overlayrootctl prune gives up old generations",
    errno.EIO: "The kernel's log (dmesg) says what is wrong with the device of its file system",
    errno.EROFS: "Mount its file system writable; the kernel's log (dmesg) says why it is not, if nobody asked for that",
}


def cure(error, otherwise):
    """For an OSError: of some of them it is the file system that has to be seen to."""
    return _OF_FILE_SYSTEMS.get(error.errno, otherwise)
