# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers and generations of the store."""

from __future__ import annotations

from .._core import store
from .._core.state import Sight
from . import target

ARGUMENTS = {"store": {"type": "str"}}


def wanted(params):
    return target.store_of(params)


def sight(wanted):
    return Sight(folders=store.folders_of(wanted))


def show(state, wanted=store.TOP):
    """None where no store is to be seen."""
    found = store.of(state, wanted)
    return found and {
        "generations": [
            {"number": number, "layers": list(ids)}
            for number, ids in sorted(found.generations.items())
            if number and ids is not None
        ],
        "current": found.current,
        "layers": [{"id": name, **about} for name, about in found.layers.items()],
    }
