# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upper of the root union, and of every other union that was booted with it, becomes a layer.

An upper in RAM is copied at once: to where layers are, or with the mode indirect into transit, from where the next
boot takes it. One on the disk is what the next boot would go on with: that boot makes it a layer, by renames, and the mode
direct is an error.
"""

from __future__ import annotations

import json
import posixpath
from typing import NamedTuple

from .._core import acls, exit_root, layout, mounted, mountinfo, policy, record, request, store
from .._core.errors import OverlayrootError
from .._core.plan import Within, simulate
from .._core.steps import CopyUp, FlushLinks, MakeDir, SaveLayer, WriteFile
from . import prune, target

ARGUMENTS = {
    "id": {"type": "str", "required": True},
    "label": {"type": "str", "default": ""},
    "drop_acls": {"type": "bool", "default": False},
    "mode": {"type": "str", "choices": ["auto", "direct", "indirect"], "default": "auto"},
    "session": {"type": "bool", "default": False},
    "upper": {"type": "str"},
    "store": {"type": "str"},
}
RULES = {"required_together": [["upper", "store"]]}

_ELSEWHERE = ("mode=", "generation=")

SIGHT = request.SIGHT._replace(
    paths=(*request.SIGHT.paths, store.TRANSIT),
    files=(layout.RECORD, layout.BASE + policy.PATH, *request.SIGHT.files),
    layers=True,
)


class Wanted(NamedTuple):
    id: str
    label: str
    dropped: tuple
    mode: str  # direct: a layer now; indirect: with the next boot; auto: now where that can be
    is_session: bool  # to be folded with those before and after it
    upper: str = None  # of another union than the root's, which goes into the store of its own
    store: str = store.TOP

    @property
    def request(self):
        return "save=" + self.id


def wanted(params):
    store.check_id(params["id"])
    dropped = acls.NAMES if params["drop_acls"] else ()
    return Wanted(params["id"], params["label"], dropped, params["mode"], params["session"], *target.of(params))


def asked(wanted):
    """What the host is configured to give up."""
    return Within(*store.folders_of(wanted.store)[1:3])


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return target.sight(wanted, SIGHT) if wanted.upper else SIGHT


def plan(seen, wanted):
    if wanted.upper:
        steps = target.plan(seen, wanted)
        return (*steps, *prune.by_itself(simulate(seen, steps), wanted.store)) if steps else ()
    found = store.needed(seen)
    if wanted.id in found.layers or request.value(seen, "save") == wanted.id:
        return ()
    steps = _saved(seen, wanted, found.next_number())
    return (*steps, *prune.by_itself(simulate(seen, steps)))


def _saved(seen, wanted, number):
    if record.of(seen).persistence == "upper":
        if wanted.mode == "direct":
            raise OverlayrootError(
                "mode direct", "the upper is on the disk and written to, so only the next boot can make it a layer", "Use auto or indirect"
            )
        request.check_free(seen)
        return (*noted(seen, wanted.id, wanted.label), *request.steps(seen, wanted.request))
    if wanted.mode == "indirect":
        return (*_put_into_transit(seen, wanted), *request.steps(seen, _beside_others(seen, wanted)))
    return (*_copied(seen, wanted), WriteFile(store.CURRENT, f"{number}\n"))


def _beside_others(seen, wanted):
    """The request. A session is saved by a boot that goes elsewhere, too: nobody could ask for it later."""
    others = request.of(seen).split()
    if not wanted.is_session or not all(line.startswith(_ELSEWHERE) for line in others):
        request.check_free(seen)
    return "\n".join((*others, wanted.request))


def check_apply(seen, steps):
    """A save may always be made."""


def show(state, wanted):
    found = store.of(state, wanted.store)
    about = (found and found.layers.get(wanted.id)) or {}
    number = found and found.of_layer(wanted.id)
    return {
        "layer": {"id": wanted.id, **about},
        "generation": number,
        "sessions": number and len(found.sessions(found.generations[number])),
        "next_boot": not wanted.upper and request.value(state, "save") == wanted.id,
    }


def noted(seen, name, label):
    """The steps before the next boot makes the upper on the disk a layer."""
    store.needed(seen).ids(record.of(seen).generation)
    about = json.dumps({"label": label, "format": "overlay", "time": seen.time}) + "\n"
    return (*copied_up(seen), WriteFile(f"{store.LAYERS}/{name}.json", about))


def copied(seen, name, label):
    """The steps that make the upper in RAM a layer, and a generation with it."""
    return _copied(seen, Wanted(name, label, (), "direct", False))


def _copied(seen, wanted):
    number = store.needed(seen).next_number()
    layer, text = _layer(seen, wanted)
    return (*copied_up(seen), layer, WriteFile(f"{store.GENERATIONS}/{number}", text))


def _put_into_transit(seen, wanted):
    layer, text = _layer(seen, wanted)
    return (
        *copied_up(seen),
        *(() if seen.paths[store.TRANSIT].kind else (MakeDir(store.TRANSIT),)),
        layer._replace(above=store.TRANSIT),
        WriteFile(f"{store.TRANSIT}/{wanted.id}.layers", text),
    )


def _layer(seen, wanted):
    """The step that makes it, and the file of a generation that has it on top."""
    ids = store.needed(seen).ids(record.of(seen).generation)
    layer = SaveLayer(
        wanted.id, uppers(seen), wanted.label, record.of(seen).backend, wanted.dropped, is_session=wanted.is_session
    )
    return layer, store.text((*ids, wanted.id))


def copied_up(seen):
    """The folders that hold the mount points, and links of the root; where that was left it is done."""
    left = exit_root.is_moved_into(seen)
    if left:
        return ()
    _mount, root = mounted.booted(seen)[0]
    folders = {posixpath.dirname(path) for path, _upper, _lower in uppers(seen)} - {"/"}
    return (*map(CopyUp, sorted(folders)), *([FlushLinks(root)] if root.backend == "aufs" else []))


def uppers(seen):
    """(mount point, upper, layers below) of the unions that were booted, that of the root first."""
    if exit_root.is_moved_into(seen):
        return _left_uppers(seen)
    found = tuple((union.path, union.upper, union.lower) for _mount, union in mounted.booted(seen))
    if not found:
        raise OverlayrootError("the root", "is no union that could be saved", "Boot the host into its union")
    return found


def _left_uppers(seen):
    """Those in RAM of a root that the host has left. What was below them is still seen only where an upper needs it."""
    file = seen.files[layout.BASE + policy.PATH]
    unions = [item for item in policy.parse(file.content if file else "") if item.policy == "union" and item.path != "/"]
    others = ((item.path, f"{layout.RAM}/mounts/{item.id}/upper", ()) for item in unions)
    backend = record.of(seen).backend
    below = next((path for path in (layout.LOWER, layout.IMAGE, layout.BASE) if mountinfo.at(seen.mounts, path)), None)
    return (("/", f"{layout.RAM}/{layout.upper(backend)}", (below,) if backend == "unionfs_fuse" else ()), *others)
