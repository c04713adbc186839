# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions on top of the current generation become one layer, which shows what they did.

The generation is the same by another layer. Nothing that earlier ones show is written to, and what no generation
shows any more is given up.
"""

from __future__ import annotations

from itertools import takewhile

from .._core import layout, record, store
from .._core.errors import OverlayrootError
from .._core.plan import Within, simulate
from .._core.steps import FoldLayers, RemoveLayer, WriteFile
from . import save

ARGUMENTS = {}
RULES = {}

_FOLDED = "-folded"


def wanted(params):
    """Nothing to choose."""


def asked(wanted):
    """What is in the new layer may go."""
    return Within(store.LAYERS)


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return save.SIGHT


def plan(seen, wanted):
    found = store.needed(seen)
    number = found.booted()
    ids = found.ids(number)
    sessions = tuple(takewhile(lambda name: found.layers[name].get("session"), reversed(ids)))
    if len(sessions) < 2:
        return ()
    if number == record.of(seen).generation:
        raise OverlayrootError(f"generation {number}", "is booted, so its layers are in use", "It is folded when the host goes down")
    paths = tuple(path for path, _upper, _lower in save.uppers(seen))
    layer = FoldLayers(sessions[0] + _FOLDED, sessions, paths, found.layers[sessions[0]].get("label", ""))
    text = store.text((*ids[: -len(sessions)], layer.id))
    steps = (layer, WriteFile(f"{store.GENERATIONS}/{number}", text))
    after = store.needed(simulate(seen, steps))
    return (*steps, *(RemoveLayer(name) for name in sessions if not after.uses(name)))


def check_apply(seen, steps):
    """Nothing that is in use goes."""


def show(state, wanted):
    found = store.needed(state)
    return {"generation": found.current, "layers": list(found.ids(found.booted()))}
