# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Access lists, which not every file system can hold."""

from __future__ import annotations

# The extended attributes that they are.
NAMES = ("system.posix_acl_access", "system.posix_acl_default")
