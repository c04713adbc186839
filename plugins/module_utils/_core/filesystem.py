# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File systems that a reset can make."""

from __future__ import annotations

from .errors import OverlayrootError

_TYPES = ("ext2", "ext3", "ext4")


def check(fstype, device):
    """Refuse one of another type."""
    if fstype not in _TYPES:
        raise OverlayrootError("method mkfs", f"makes {', '.join(_TYPES)}, and {device} is {fstype}", "Use method: discard")
