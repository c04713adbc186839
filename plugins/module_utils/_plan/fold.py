# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions on top of the current generation become one layer, which shows what they did.

The generation is the same by another layer. Nothing that earlier ones show is written to, and what no generation
shows any more is given up.
"""

from __future__ import annotations

from typing import NamedTuple

from .._core import layout, record, store
from .._core.errors import OverlayrootError
from .._core.plan import Within, simulate
from .._core.steps import FoldLayers, RemoveLayer, WriteFile
from . import prune, save, target

ARGUMENTS = {"store": {"type": "str"}}
RULES = {}

_FOLDED = "-folded"


class Wanted(NamedTuple):
    store: str


def wanted(params):
    return Wanted(target.store_of(params))


def asked(wanted):
    """What is in the new layer may go."""
    return Within(wanted.store + "/layers")


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return save.SIGHT._replace(folders=(*store.FOLDERS, *store.folders_of(wanted.store)))


def plan(seen, wanted):
    found = store.needed(seen, wanted.store)
    number = found.booted()
    ids = found.ids(number)
    sessions = found.sessions(ids)
    if len(sessions) < 2:
        return ()
    _check_unused(seen, found, number, sessions)
    layer = FoldLayers(sessions[0] + _FOLDED, sessions, _paths(seen, found), found.layers[sessions[0]].get("label", ""), found.above)
    text = store.text((*ids[: -len(sessions)], layer.id))
    steps = (layer, WriteFile(found.generation(number), text))
    after = store.needed(simulate(seen, steps), found.top)
    return (*steps, *(RemoveLayer(name, found.above) for name in sessions if not after.uses(name)))


def check_apply(seen, steps):
    """Nothing that is in use goes."""


def show(state, wanted):
    found = store.needed(state, wanted.store)
    return {"generation": found.current, "layers": list(found.ids(found.booted()))}


def _check_unused(seen, found, number, sessions):
    if found.top == store.TOP and number == record.of(seen).generation:
        raise OverlayrootError(f"generation {number}", "is booted, so its layers are in use", "It is folded when the host goes down")
    shown = set(sessions).intersection(prune.mounted_of(seen, found))
    if shown:
        raise OverlayrootError(f"layer {min(shown)}", "is shown by a union, so it is in use", "Unmount that first")


def _paths(seen, found):
    """Where the layers hold what is on file systems of its own."""
    return tuple(path for path, _upper, _lower in save.uppers(seen)) if found.top == store.TOP else ("/",)
