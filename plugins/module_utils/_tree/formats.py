# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats of layers, each a kind of Folder."""

from __future__ import annotations

from .aufs import Aufs
from .overlay import Overlay, UserOverlay
from .unionfs_fuse import UnionfsFuse

FORMATS = {"overlay": Overlay, "overlay_userxattr": UserOverlay, "aufs": Aufs, "unionfs_fuse": UnionfsFuse}
