# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upper of the root union, and of every other union that was booted with it, becomes a layer.

An upper in RAM is copied at once. One on the disk is what the next boot would go on with: that boot
makes it a layer, by renames.
"""

from __future__ import annotations

import json
import posixpath
from typing import NamedTuple

from .._core import layout, mounted, record, request, store
from .._core.errors import OverlayrootError
from .._core.plan import simulate
from .._core.steps import CopyUp, SaveLayer, WriteFile
from . import prune
from .union_commit import ACLS

ARGUMENTS = {
    "id": {"type": "str", "required": True},
    "label": {"type": "str", "default": ""},
    "drop_acls": {"type": "bool", "default": False},
}
RULES = {}


SIGHT = request.SIGHT._replace(files=(layout.RECORD, *request.SIGHT.files), layers=True)


class Wanted(NamedTuple):
    id: str
    label: str
    dropped: tuple

    @property
    def request(self):
        return "save=" + self.id


def wanted(params):
    store.check_id(params["id"])
    return Wanted(params["id"], params["label"], ACLS if params["drop_acls"] else ())


def asked(wanted):
    """What the host is configured to give up."""
    return prune.asked(wanted)


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return SIGHT


def plan(seen, wanted):
    found = store.needed(seen)
    if wanted.id in found.layers or request.of(seen) == wanted.request:
        return ()
    steps = _saved(seen, wanted, found.next_number())
    return (*steps, *prune.by_itself(simulate(seen, steps)))


def _saved(seen, wanted, number):
    if record.of(seen).persistence == "upper":
        request.check_free(seen)
        return (*noted(seen, wanted.id, wanted.label), *request.steps(seen, wanted.request))
    return (*copied(seen, wanted.id, wanted.label, wanted.dropped), WriteFile(store.CURRENT, f"{number}\n"))


def check_apply(seen, steps):
    """A save may always be made."""


def show(state, wanted):
    found = store.of(state)
    about = (found and found.layers.get(wanted.id)) or {}
    return {
        "layer": {"id": wanted.id, **about},
        "generation": found and found.of_layer(wanted.id),
        "next_boot": request.of(state) == wanted.request,
    }


def noted(seen, name, label):
    """The steps before the next boot makes the upper on the disk a layer."""
    store.needed(seen).ids(record.of(seen).generation)
    about = json.dumps({"label": label, "format": "overlay", "time": seen.time}) + "\n"
    return (*_copied_up(_uppers(seen)), WriteFile(f"{store.LAYERS}/{name}.json", about))


def copied(seen, name, label, dropped=()):
    """The steps that make the upper in RAM a layer, and a generation with it."""
    found = store.needed(seen)
    ids = found.ids(record.of(seen).generation)
    uppers = _uppers(seen)
    return (
        *_copied_up(uppers),
        SaveLayer(name, uppers, label, "overlay", dropped),
        WriteFile(f"{store.GENERATIONS}/{found.next_number()}", store.text((*ids, name))),
    )


def _copied_up(uppers):
    """The folders that hold the mount points."""
    return map(CopyUp, sorted({posixpath.dirname(path) for path, _upper, _lower in uppers} - {"/"}))


def _uppers(seen):
    """(mount point, upper, layers below) of the unions that were booted, that of the root first."""
    uppers = tuple((union.path, union.upper, union.lower) for _mount, union in mounted.booted(seen))
    if not uppers:
        raise OverlayrootError("the root", "is no union that could be saved", "Boot the host into its union")
    return uppers
