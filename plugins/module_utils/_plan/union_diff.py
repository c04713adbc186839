# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which trees the module union_diff compares, and what it shows of their differences."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from .._core import layout, mounted, mountinfo, record, store
from .._core.backends import from_mount
from .._core.comparison import Comparison, Part
from .._core.errors import OverlayrootError
from .._core.paths import clean
from .._core.state import Sight

ARGUMENTS = {
    "path": {"type": "str"},
    "upper": {"type": "str"},
    "lower": {"type": "list", "elements": "str"},
    "backend": {"type": "str", "choices": ["overlay", "aufs", "unionfs_fuse"], "default": "overlay"},
    "userxattr": {"type": "bool", "default": False},
    "layer": {"type": "str"},
    "generation": {"type": "int"},
    "since": {"type": "int"},
    "text": {"type": "list", "elements": "str", "default": []},
    "limit": {"type": "int", "default": 1000},
}
RULES = {
    "required_one_of": [["path", "upper", "layer", "generation"]],
    "mutually_exclusive": [["path", "upper", "layer", "generation"]],
    "required_together": [["upper", "lower"]],
}

KINDS = ("added", "modified", "deleted", "type", "attributes", "opaque")

# In the summary by folder; whoever makes more folders has theirs counted further up.
_FOLDERS = 1000


class Wanted(NamedTuple):
    path: str
    upper: str
    lower: tuple  # topmost first
    format: str
    layer: str
    generation: int
    since: int  # another one; None: what is below the topmost layer
    text: tuple
    limit: int


def wanted(params):
    if params["limit"] < 0:
        raise OverlayrootError(f"limit {params['limit']}", "is negative", "Give the number of changes to list")
    if params["userxattr"] and params["backend"] != "overlay":
        raise OverlayrootError("userxattr", f"is no option of {params['backend']}", "Leave it out")
    if params["since"] is not None and params["generation"] is None:
        raise OverlayrootError(f"since {params['since']}", "is what a generation is compared with", "Give generation, too")
    return Wanted(
        clean(params["path"]),
        clean(params["upper"]),
        tuple(map(clean, params["lower"] or ())),
        "overlay_userxattr" if params["userxattr"] else params["backend"],
        params["layer"],
        params["generation"],
        params["since"],
        tuple(map(clean, params["text"])),
        params["limit"],
    )


def sight(wanted):
    if wanted.path is not None:
        return Sight(paths=(wanted.path,), layers=True)
    if wanted.upper is not None:
        return Sight(paths=(wanted.upper, *wanted.lower))
    return Sight(files=(layout.RECORD,), folders=store.FOLDERS, layers=True)


def comparison(seen, wanted):
    """What is compared with what."""
    if wanted.path is not None:
        return _of_union(seen, wanted)
    if wanted.upper is not None:
        return _of_upper(tuple(map(seen.real, (wanted.upper, *wanted.lower))), wanted.format)
    found = store.needed(seen)
    if wanted.layer is not None:
        ids = found.ids_up_to(wanted.layer)
        return _of_store(seen, ids, ids[:-1], f"layer {wanted.layer}")
    ids = found.ids(wanted.generation)
    name = f"generation {wanted.generation}"
    if wanted.since is not None:
        return _of_store(seen, ids, found.ids(wanted.since), name, f"generation {wanted.since}")
    if not ids:
        raise OverlayrootError(name, "has no layer that anything is below", "Name another one, or give since")
    return _of_store(seen, ids, ids[:-1], name)


def _of_upper(layers, format):
    return Comparison((Part("/", layers, layers[1:]),), format)


def _of_store(seen, new, old, *names):
    """Other file systems are in the layers at their mount points, and have a base of their own."""
    unions = mounted.booted(seen)
    if not unions:
        raise OverlayrootError("the base", "is not mounted", "Boot the host into its union")
    _root, *others = unions
    image = _image(seen)
    parts = [Part("/", store.lowers(new, image), store.lowers(old, image))]
    for mount, union in others:
        base = reachable(seen, mount, union.lower[-1:])
        parts.append(Part(mount.path, *(_at(mount.path, ids) + base for ids in (new, old))))
    return Comparison(tuple(parts), "overlay", *names)


def _image(seen):
    """The one that the host has booted from; empty where it is none."""
    if mountinfo.at(seen.mounts, layout.IMAGE) is None:
        return ""
    return store.image_of(store.needed(seen).ids(record.of(seen).generation))


def _at(path, ids):
    return tuple(folder + path for folder in store.folders(ids))


def _of_union(seen, wanted):
    path = seen.real(wanted.path)
    mount = mountinfo.at(seen.mounts, path)
    union = mount and from_mount(mount, seen)
    if not union:
        raise OverlayrootError(
            f"path {wanted.path}",
            "no union is mounted there" if mount is None else f"{mount.fstype} is mounted there, no union",
            "Name the mount point of a union, or give upper and lower",
        )
    if union.upper is None:
        raise OverlayrootError(f"path {path}", "the union is read-only: it has no upper", "Give upper and lower")
    layers = reachable(seen, mount, (union.upper, *union.lower))
    return _of_upper(layers, union.format)


def reachable(seen, mount, layers):
    """The link-free paths of layers of a mounted union."""
    _check_no_data_only(mount)
    for layer in layers:
        _check_reachable(seen, mount, layer)
    return tuple(map(seen.real, layers))


def _check_no_data_only(mount):
    shown = dict(mount.super_options)
    if "datadir+" in shown or "::" in (shown.get("lowerdir") or ""):
        raise OverlayrootError(
            f"path {mount.path}", "the union has data-only lowers, which cannot be read one by one", "Use the host's own tools"
        )


def _check_reachable(seen, mount, layer):
    """The kernel shows the path that was given for a layer, which may lead elsewhere by now."""
    cure = "Make the layers visible elsewhere, and give them as upper and lower"
    if not posixpath.isabs(layer):
        raise OverlayrootError(f"layer {layer}", "was given to mount as a relative path", cure)
    if seen.paths[layer].kind != "directory":
        raise OverlayrootError(f"layer {layer}", "is not there any more", cure)
    real = seen.real(layer)
    if mountinfo.visible(seen.mounts, real) in _hiding(seen.mounts, mount):
        raise OverlayrootError(f"layer {layer}", f"is hidden by the union at {mount.path}", cure)


def _hiding(mounts, mount):
    """The union and what was mounted on it. On that of the root are those that its boot took along."""
    return (mount,) if mount.path == "/" else set(mounts) - set(mountinfo.without(mounts, mount))


def show(changes, text, comparison, wanted):
    """`changes` is a stream, `text` is {path: diff}."""
    listed, counts, folders, total = [], {}, {}, 0
    for change in changes:
        if total < wanted.limit:
            listed.append(_listed(change))
        total += 1
        counts[change.kind] = counts.get(change.kind, 0) + 1
        folder = folders.setdefault(_folder(folders, change.top), {})
        folder[change.kind] = folder.get(change.kind, 0) + 1
    return {
        "compared": comparison.show(),
        "changes": listed,
        "counts": {kind: counts.get(kind, 0) for kind in KINDS},
        "folders": [{"path": path, "counts": folders[path]} for path in sorted(folders)],
        "text": text,
        "total": total,
        "truncated": total > len(listed),
    }


def _listed(change):
    """What a change has nothing of is left out."""
    about = {"was": change.was, "attributes": list(change.attributes)}
    return {"path": change.path, "kind": change.kind, "type": change.type, **{k: v for k, v in about.items() if v}}


def _folder(folders, top):
    while top not in folders and len(folders) >= _FOLDERS and top != "/":
        top = posixpath.dirname(top)
    return top
