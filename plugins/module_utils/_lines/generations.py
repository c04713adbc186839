# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl generations` prints of the store that union_info shows."""

from __future__ import annotations

from .table import table

_BASE = {"number": 0, "layers": []}
_NONE = {"generations": [], "current": 0, "layers": []}


def lines(store):
    """Each with what was noted about its newest layer."""
    store = store or _NONE
    noted = {layer["id"]: layer for layer in store["layers"]}
    yield from table(
        [
            ("generation", "current", "time", "label", "layers"),
            *(_row(generation, store["current"], noted) for generation in (_BASE, *store["generations"])),
        ]
    )


def _row(generation, current, noted):
    layers = generation["layers"]
    newest = noted.get(layers[-1], {}) if layers else {}
    mark = "*" if generation["number"] == current else ""
    return (generation["number"], mark, newest.get("time"), newest.get("label"), " ".join(layers) or "the bare base")
