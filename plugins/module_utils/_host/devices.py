# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block devices."""

from __future__ import annotations

import os
import stat

from .._core.errors import OverlayrootError
from .names import encode
from .run import run


def fstype(name):
    """The type of the file system on a device, "" where it has none, None where there is no device.

    `name` is a path, or a tag such as UUID=... or LABEL=...
    """
    try:
        path = name if name.startswith("/") else run(["findfs", name]).strip()
    except OverlayrootError:
        return None
    if not _is_block(path):
        return None
    try:
        return run(["blkid", "-p", "-s", "TYPE", "-o", "value", path]).strip()
    except OverlayrootError:
        return ""


def _is_block(path):
    try:
        return stat.S_ISBLK(os.stat(encode(path)).st_mode)
    except OSError:
        return False
