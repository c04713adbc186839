# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a store, and what can be done about it without losing what was saved."""

from __future__ import annotations

from typing import NamedTuple

from .._core import layout, request, store
from .._core.plan import Within
from .._core.steps import RemoveFile, RemoveLayer, WriteFile
from . import checksums, target

ARGUMENTS = {"repair": {"type": "bool", "default": False}, "store": {"type": "str"}}
RULES = {}

# How the name of a file ends that is written before it takes the place of another.
_ASIDE = ".overlayroot"


class Wanted(NamedTuple):
    repair: bool
    store: str = store.TOP


class Problem(NamedTuple):
    subject: str
    problem: str
    steps: tuple = ()  # that end it


def wanted(params):
    return Wanted(params["repair"], target.store_of(params))


def asked(wanted):
    """What no generation uses may go."""
    return Within(wanted.store) if wanted.repair else ()


def locked(wanted):
    return layout.LOCKED if wanted.repair else ()


def sight(wanted):
    return request.SIGHT._replace(folders=(*store.FOLDERS, *store.folders_of(wanted.store)), checksums=wanted.store)


def plan(seen, wanted):
    return tuple(step for problem in problems(seen, wanted.store) for step in problem.steps) if wanted.repair else ()


def check_apply(seen, steps):
    """A repair may always be made."""


def show(state, wanted):
    found = [(problem.subject, problem.problem, bool(problem.steps)) for problem in problems(state, wanted.store)]
    return {"problems": [dict(zip(("subject", "problem", "repairable"), values)) for values in found]}


def problems(state, top):
    """All of them, the worst first."""
    found = store.needed(state, top)
    pending = _pending(state) if top == store.TOP else ""
    return [
        *_of_current(found),
        *_of_generations(found),
        *_of_layers(state, found, pending),
        *_left(state, found, pending),
    ]


def _of_current(found):
    if found.current is not None and found.current in found.generations and found.is_whole(found.current):
        return
    newest = max(filter(found.is_whole, found.generations))
    what = "holds no number" if found.current is None else f"names generation {found.current}, which cannot be booted"
    yield Problem("boot/current", what, (WriteFile(found.current_file, f"{newest}\n"),))


def _of_generations(found):
    for number, ids in sorted(found.generations.items()):
        if ids is None:
            yield Problem(f"generation {number}", "its file cannot be read")
            continue
        for name in ids:
            if name not in found.layers:
                yield Problem(f"generation {number}", f"layer {name} is missing")


def _of_layers(state, found, pending):
    used = {name for ids in found.generations.values() for name in ids or ()}
    used.add(pending)
    for name, about in found.layers.items():
        checksum = state.checksums.get(name)
        if name not in used:
            yield Problem(f"layer {name}", "no generation uses it", (RemoveLayer(name, found.above),))
        elif checksum is None:
            yield Problem(f"layer {name}", "cannot be read")
        elif "sha256" not in about:
            yield Problem(f"layer {name}", "has no checksum yet", (checksums.noted(found, name, checksum),))
        elif about["sha256"] != checksum:
            yield Problem(f"layer {name}", "is not what was saved")


def _left(state, found, pending):
    """What a save or a boot that was cut off has left, unless the next boot goes on with it."""
    for name in sorted(state.folders[found.above] or ()):
        if name.endswith(_ASIDE):
            yield Problem(f"layers/{name}", "was left by a change that was cut off", (RemoveFile(f"{found.above}/{name}"),))
        elif name.startswith(".") and name != f".{pending}.new":
            yield Problem(f"layers/{name}", "was left by a save that was cut off", (RemoveLayer(name, found.above),))
        elif name.endswith(".json") and name[: -len(".json")] not in (*found.layers, pending):
            yield Problem(f"layers/{name}", "its layer is gone", (RemoveFile(f"{found.above}/{name}"),))
    for folder in ("generations", "boot"):
        for name in sorted(state.folders[f"{found.top}/{folder}"] or ()):
            if name.endswith((".new", _ASIDE)):
                path = f"{folder}/{name}"
                yield Problem(path, "was left by a change that was cut off", (RemoveFile(f"{found.top}/{path}"),))


def _pending(state):
    """The layer that the next boot makes, or goes on making where one was cut off."""
    return request.value(state, "save")
