# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subhost that is stopped has written: saved as a layer in a store of its own, or thrown away, or given up when it is old.

The store is laid out as that of a host. A save is a rename, and the next start is over the generation that is current then.
"""

from __future__ import annotations

import json
import posixpath
from typing import NamedTuple

from .._core import store
from .._core.errors import OverlayrootError
from .._core.steps import MakeDir, RemoveFile, RemoveTree, SetAside, WriteFile
from . import prune

STATES = ("saved", "reset", "pruned")


class Wanted(NamedTuple):
    id: str  # of the layer
    label: str
    generation: int  # None: the current one
    prune: prune.Wanted  # None: nothing is given up


def wanted(params):
    state, name, generation = params["state"], params["id"], params["generation"]
    if name is not None:
        store.check_id(name)
        if state != "saved":
            raise OverlayrootError(f"id {name}", "is the name of a layer", "Use state: saved")
    if generation is not None and state != "reset":
        raise OverlayrootError(f"generation {generation}", "is gone to by a reset", "Use state: reset")
    return Wanted(name, params["label"], generation, _pruning(params))


def _pruning(params):
    given = [f"{name} {params[name]}" for name in ("keep", "before") if params[name] is not None]
    if given and params["state"] != "pruned":
        raise OverlayrootError(given[0], "says which generations are given up", "Use state: pruned")
    if params["state"] != "pruned":
        return None
    if not given:
        raise OverlayrootError("prune", "has to be told what to keep", "Give keep or before")
    # What its layers hold is not known: a save copies nothing.
    return prune.wanted({**params, "size": None})


def plan(seen, state, wanted, subhost):
    """Of a subhost that is neither running nor mounted. Where an earlier one was cut off, what is left of it is done."""
    if subhost.kind != "union" or seen.paths[subhost.upper].kind == "file":
        raise OverlayrootError(f"{subhost.config}, UPPER", "is no folder of a union", "See to it as it was set up")
    return {"saved": _saved, "reset": _reset, "pruned": _pruned}[state](seen, wanted, subhost)


def lowers(seen, subhost):
    """What its upper lies on, the topmost first."""
    found = _store(seen, subhost)
    ids = found.ids(found.booted()) if found else ()
    return (*(f"{subhost.store}/layers/{name}" for name in reversed(ids)), seen.real(subhost.lower))


def show(state, subhost):
    found = _store(state, subhost)
    is_whole = found is None or (found.current in found.generations and found.is_whole(found.current))
    return {
        "lowers": list(lowers(state, subhost)) if is_whole else [],
        "generation": found and found.current,
        "generations": [
            {"number": number, "layers": list(ids)}
            for number, ids in sorted((found.generations if found else {}).items())
            if number and ids is not None
        ],
        "layers": [{"id": name, **about} for name, about in (found.layers if found else {}).items()],
    }


def aside(seen, path):
    """Where a folder of the subhost is while it is removed."""
    real = seen.real(path)
    return f"{posixpath.dirname(real)}/.{posixpath.basename(real)}.gone-{seen.uptime}"


def _store(seen, subhost):
    return store.at(seen, subhost.store) if subhost.store else None


def _saved(seen, wanted, subhost):
    if not subhost.store:
        raise OverlayrootError(f"{subhost.config}, STORE", "is not there, so there is no place for a layer", "Name a folder: STORE=store")
    made = _store(seen, subhost) is None
    found = store.Store({}, {0: ()}, 0) if made else _store(seen, subhost)
    number = found.of_layer(wanted.id) or found.next_number()
    upper, top = seen.real(subhost.upper), subhost.store
    is_there = bool(seen.paths[subhost.upper].kind)
    if wanted.id in found.layers:
        return () if is_there else (*_current(top, found, number), _empty(seen, subhost))
    if not is_there:
        raise OverlayrootError(f"{subhost.config}, UPPER={upper}", "does not exist", "Start the subhost first")
    _check_place(seen, subhost)
    about = json.dumps({"label": wanted.label, "format": "overlay", "time": seen.time}) + "\n"
    return (
        *(_make(seen, subhost) if made else ()),
        WriteFile(f"{top}/layers/{wanted.id}.json", about),
        WriteFile(f"{top}/generations/{number}", store.text((*found.ids(found.booted()), wanted.id))),
        SetAside(upper, f"{top}/layers/{wanted.id}"),
        *_current(top, found, number),
        _empty(seen, subhost),
    )


def _check_place(seen, subhost):
    """A rename has to be possible."""
    if seen.mount_of(subhost.upper) != seen.mount_of(subhost.store):
        raise OverlayrootError(f"{subhost.config}, STORE", "is not in the same mount as UPPER", "Name a folder beside it")


def _make(seen, subhost):
    missing = [folder for folder in store.folders_of(subhost.store) if not seen.paths[folder].kind]
    return (*map(MakeDir, missing), WriteFile(subhost.store + "/version", store.VERSION + "\n"))


def _current(top, found, number):
    return () if found.current == number else (WriteFile(f"{top}/boot/current", f"{number}\n"),)


def _empty(seen, subhost):
    """An upper as the one that was there, or else as what it lies on."""
    info = seen.paths[subhost.upper]
    info = info if info.kind else seen.paths[subhost.lower]
    return MakeDir(seen.real(subhost.upper), info.mode, info.uid, info.gid)


def _reset(seen, wanted, subhost):
    steps = ()
    if wanted.generation is not None:
        found = _store(seen, subhost)
        if found is None:
            raise OverlayrootError(f"{subhost.config}, STORE", "has no generations", "Name a folder for them: STORE=store, and save one")
        found.ids(wanted.generation)
        steps = _current(subhost.store, found, wanted.generation)
    upper = seen.paths[subhost.upper]
    if not upper.kind:
        return (*steps, _empty(seen, subhost))
    if upper.is_empty:
        return steps
    old = aside(seen, subhost.upper)
    return (SetAside(upper.real, old), *steps, _empty(seen, subhost), RemoveTree(upper.real, old))


def _pruned(seen, wanted, subhost):
    """A generation goes before its layers, and a layer before what is noted about it."""
    found = _store(seen, subhost)
    if found is None:
        return ()
    generations, layers = prune.given_up(wanted.prune, found, {found.booted(), max(found.generations)})
    steps = tuple(map(RemoveFile, map(found.generation, generations)))
    for name in layers:
        path = f"{found.above}/{name}"
        old = f"{found.above}/.{name}.gone-{seen.uptime}"
        about = (RemoveFile(path + ".json"),) if name + ".json" in seen.folders[found.above] else ()
        steps += (SetAside(path, old), *about, RemoveTree(path, old))
    return steps
