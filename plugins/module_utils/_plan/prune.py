# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which generations are given up, the oldest first, and the layers that no other one needs."""

from __future__ import annotations

from typing import NamedTuple

from .._core import bootconf, layout, mounted, mountinfo, record, request, store, times
from .._core.errors import OverlayrootError
from .._core.plan import Within
from .._core.steps import RemoveFile, RemoveLayer

ARGUMENTS = {
    "keep": {"type": "int"},
    "before": {"type": "str"},
    "size": {"type": "int"},
}
RULES = {"required_one_of": [["keep", "before", "size"]]}


# That a host keeps which makes one whenever it goes down, unless it is told otherwise.
_OF_SESSIONS = "3"


class Wanted(NamedTuple):
    keep: int  # generations; None: any number
    before: str  # give up those that were saved before, as 2026-11-21T08:00:00Z; None: of any age
    size: int  # bytes that the layers may hold in all; None: any number
    store: str = store.TOP


def wanted(params):
    for name in ("keep", "size"):
        if params[name] is not None and params[name] < 0:
            raise OverlayrootError(f"{name} {params[name]}", "is negative", "Give a number from 0 on")
    return Wanted(params["keep"], params["before"], params["size"])


def by_itself(seen, top=store.TOP):
    """The steps by which a host keeps to what its configuration allows; a save that the next boot makes counts."""
    conf = request.conf(seen)
    bootconf.check_kept(conf)
    is_left_open = not (conf.keep_generations or conf.keep_days or conf.keep_size)
    most = _OF_SESSIONS if is_left_open and conf.persistence == "session" else conf.keep_generations
    keep = int(most) - (top == store.TOP and bool(request.value(seen, "save"))) if most else None
    before = times.days_before(seen.time, int(conf.keep_days)) if conf.keep_days else None
    return plan(seen, Wanted(keep, before, bootconf.kept_bytes(conf), top))


def asked(wanted):
    """What is given up is what was asked for."""
    return Within(store.GENERATIONS, store.LAYERS)


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return request.SIGHT._replace(files=(layout.RECORD, *request.SIGHT.files))


def plan(seen, wanted):
    found = store.needed(seen, wanted.store)
    generations, layers = given_up(wanted, found, _needed(seen, found))
    # A generation goes before its layers: what is there can be booted, wherever this is cut off.
    return (*map(RemoveFile, map(found.generation, generations)), *(RemoveLayer(name, found.above) for name in layers))


def check_apply(seen, steps):
    """What is in use is not given up in the first place."""


def show(state, wanted):
    found = store.needed(state)
    return {
        "generations": [number for number in sorted(found.generations) if number],
        "layers": list(found.layers),
    }


def given_up(wanted, found, needed):
    """(the numbers of generations, the oldest first; the layers that are theirs alone); not those that are `needed`."""
    kept = sorted(set(found.generations) - {0})
    numbers = []
    for number in sorted(set(kept) - needed):
        if _too_many(wanted, kept) or _too_old(wanted, found, number) or _too_large(wanted, found, kept):
            numbers.append(number)
            kept.remove(number)
    left = {name for number, ids in found.generations.items() if number not in numbers for name in ids or ()}
    layers = {name for number in numbers for name in found.generations[number] or ()} - left
    return numbers, sorted(layers & set(found.layers))


def _needed(seen, found):
    """The generations that are booted now, next, or by default, and the newest, whose number is not to be used again."""
    needed = {found.booted(), max(found.generations)}
    if found.top == store.TOP:
        pending = request.value(seen, "rollback") or request.value(seen, "generation")
        needed |= {record.of(seen).generation, int(pending or 0)}
    for name in mounted_of(seen, found):
        holding = {number for number, ids in found.generations.items() if name in (ids or ())}
        if holding and not holding & needed:
            needed.add(max(holding))
    return needed


def mounted_of(seen, found):
    """The layers of a store that unions show, those that were not booted, too."""
    for _mount, union in mounted.unions(seen):
        for path in union.lower:
            if mountinfo.is_within(path, found.above):
                yield path[len(found.above) + 1 :].partition("/")[0]


def _too_many(wanted, kept):
    return wanted.keep is not None and len(kept) > wanted.keep


def _too_old(wanted, found, number):
    if wanted.before is None:
        return False
    ids = found.generations[number]
    time = found.layers.get(ids[-1], {}).get("time") if ids else None
    return time is not None and time < wanted.before


def _too_large(wanted, found, kept):
    names = {name for number in kept for name in found.generations[number] or ()}
    size = sum(found.layers.get(name, {}).get("bytes", 0) for name in names)
    return wanted.size is not None and size > wanted.size
