# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the layers of the store hold, in short."""

from __future__ import annotations

from .._core import store
from .._core.errors import OverlayrootError
from .layers import opened
from .manifest import manifest


def checksums(state):
    """{id: checksum} of every layer."""
    found = store.of(state)
    return {name: checksum(name, about) for name, about in found.layers.items()} if found else {}


def checksum(name, about):
    """Of a layer and what its record says; None where it cannot be read."""
    try:
        with opened([f"{store.LAYERS}/{name}"], about.get("format", "overlay")) as (layer,):
            return manifest(layer)
    except (OSError, KeyError, OverlayrootError):
        return None
