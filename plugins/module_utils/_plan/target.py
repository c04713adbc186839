# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upper of a union that is not the root's becomes a layer of a store of its own, on the data file system."""

from __future__ import annotations

from .._core import mounted, store, targets
from .._core.errors import OverlayrootError
from .._core.paths import clean, with_parents
from .._core.steps import MakeDir, SaveLayer, WriteFile


def of(params):
    """The upper, None for that of the root, and the store."""
    upper, top = clean(params["upper"]), store_of(params)
    if (upper is None) != (top == store.TOP):
        raise OverlayrootError(f"store {top}", "has the sessions of the root", "Give upper and store of another union, or neither")
    if upper and params["mode"] == "indirect":
        raise OverlayrootError("mode indirect", "is for the upper of the root, which the next boot knows", "Use auto or direct")
    return upper, top


def store_of(params):
    """The store that is asked for, or that of the root."""
    return store.TOP if params["store"] is None else targets.checked(params["store"])


def sight(wanted, others):
    folders = store.folders_of(wanted.store)
    return others._replace(
        paths=(*others.paths, wanted.upper, *with_parents(folders[0]), *folders),
        folders=(*others.folders, *folders),
    )


def plan(seen, wanted):
    if seen.paths[wanted.upper].kind != "directory":
        raise OverlayrootError(f"upper {wanted.upper}", "is no folder", "Name the upper of a union")
    store.needed(seen)
    found = store.of(seen, wanted.store)
    if found and wanted.id in found.layers:
        return ()
    if not wanted.is_session:
        _check_unused(seen, wanted.upper)
    found = found or store.Store({}, {0: ()}, 0, wanted.store)
    number, ids = found.next_number(), found.ids(found.booted())
    return (
        *_made(seen, wanted.store),
        SaveLayer(wanted.id, (("/", wanted.upper, ()),), wanted.label, "overlay", wanted.dropped, found.above, wanted.is_session),
        WriteFile(found.generation(number), store.text((*ids, wanted.id))),
        WriteFile(found.current_file, f"{number}\n"),
    )


def _check_unused(seen, upper):
    """What was saved and is deleted in the upper then, no later save would know of."""
    paths = [union.path for _mount, union in mounted.unions(seen) if union.upper == upper]
    if paths:
        raise OverlayrootError(f"upper {upper}", f"is written to by the union at {paths[0]}", "Unmount that first, or have the shutdown save it")


def _made(seen, top):
    """The store, as far as it is not there."""
    folders = dict.fromkeys((*with_parents(top), *store.folders_of(top)))
    steps = tuple(MakeDir(path) for path in folders if not seen.paths[path].kind)
    return (*steps, WriteFile(top + "/version", store.VERSION + "\n")) if steps else ()
