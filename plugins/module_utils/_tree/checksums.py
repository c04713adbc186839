# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the layers of a store hold, in short."""

from __future__ import annotations

import hashlib

from .._core import store
from .._core.errors import OverlayrootError
from .._host import files
from . import content
from .layers import opened
from .manifest import manifest

_CHUNK = 1 << 20


def checksums(state, top):
    """{id: checksum} of every layer of the store at `top`."""
    found = store.of(state, top)
    return {name: checksum(name, about, found.above) for name, about in found.layers.items()} if found else {}


def checksum(name, about, above=store.LAYERS):
    """Of a layer and what its record says; None where it cannot be read."""
    try:
        if store.is_image(name):
            return of_image(name)
        with opened([f"{above}/{name}"], about.get("format", "overlay")) as (layer,):
            return manifest(layer)
    except (OSError, KeyError, OverlayrootError):
        return None


def of_image(name):
    digest = hashlib.sha256()
    with files.parent(f"{store.LAYERS}/{name}") as (above, file):
        with open(content.open_file(above, file), "rb", buffering=0) as stream:
            for chunk in iter(lambda: stream.read(_CHUNK), b""):
                digest.update(chunk)
    return digest.hexdigest()
