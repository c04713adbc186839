# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module union_commit wants, and the step to it."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from .._core import acls, initramfs, layout, mounted, mountinfo, record, store
from .._core.backends import from_mount
from .._core.commit import ANOTHER, THE_SOURCE, Commit, Image, Source, room
from .._core.errors import OverlayrootError
from .._core.paths import clean
from .._core.state import Sight
from . import base
from .union_diff import reachable

ARGUMENTS = {
    "source": {"type": "list", "elements": "str", "required": True},
    "upper": {"type": "bool", "default": True},
    "userxattr": {"type": "bool", "default": False},
    "target": {"type": "str"},
    "store": {"type": "str"},
    "format": {"type": "str", "choices": ["squashfs", "ext4", "directory"], "default": "squashfs"},
    "compression": {"type": "str", "choices": ["gzip", "lz4", "lzo", "xz", "zstd"], "default": "zstd"},
    "drop_acls": {"type": "bool", "default": False},
    "replace": {"type": "bool", "default": False},
    "keep_old": {"type": "bool", "default": True},
    "state": {"type": "str", "choices": ["committed", "rehearsed"], "default": "committed"},
}
RULES = {"required_one_of": [["target", "store"]], "mutually_exclusive": [["target", "store"]]}


class Wanted(NamedTuple):
    source: tuple  # the mount point of a union, or layers, the topmost first
    upper: bool
    userxattr: bool
    target: str
    store: str  # the image's name in it; empty for another target
    format: str
    compression: str  # of squashfs
    dropped: tuple
    replace: bool
    keep_old: bool
    rehearsed: bool


def wanted(params):
    if not params["source"]:
        raise OverlayrootError("source", "is empty", "Name the mount point of a union, or layers")
    stored = _stored(params)
    target = f"{store.LAYERS}/{stored}" if stored else clean(params["target"])
    if target == "/":
        raise OverlayrootError("target /", "cannot be replaced", "Name the path of the new image or folder")
    is_squashfs = params["format"] == "squashfs"
    return Wanted(
        tuple(map(clean, params["source"])),
        params["upper"],
        params["userxattr"],
        target,
        stored,
        params["format"],
        params["compression"] if is_squashfs else "",
        acls.NAMES if is_squashfs and params["drop_acls"] else (),
        params["replace"],
        params["keep_old"] and not stored,
        params["state"] == "rehearsed",
    )


def _stored(params):
    """The name of an image in the store."""
    if (params["store"] is None) == (params["target"] is None):
        raise OverlayrootError("target", "has to be given, or a name in the store, not both", "Give one of the two")
    if params["store"] is None:
        return ""
    store.check_id(params["store"])
    if params["format"] == "directory":
        raise OverlayrootError("format directory", "is none that a host boots from", "Choose squashfs or ext4")
    return f"{params['store']}.{params['format']}"


def locked(wanted):
    return () if wanted.rehearsed else (*layout.LOCKED, posixpath.dirname(wanted.target))


def sight(wanted):
    above = posixpath.dirname(wanted.target)
    return Sight(
        paths=(*wanted.source, wanted.target, above),
        files=(layout.RECORD,),
        folders=store.FOLDERS,
        layers=True,
        initramfs=bool(wanted.store),
    )


def then(wanted):
    """What is made of a new image: a planner and what that wants; None where it is only to be there."""
    return (base, base.Wanted(wanted.store, wanted.upper)) if wanted.store and not wanted.rehearsed else None


def job(seen, wanted):
    """The Commit that is asked for. What source and target hold is not known yet."""
    union = _union(seen, wanted)
    source = _source(seen, wanted, union)
    if wanted.store:
        _check_store(seen, wanted, union)
    image = Image(seen.real(wanted.target), wanted.format, wanted.compression)
    _check_target(seen, wanted, image)
    _check_apart(seen, image, source, union)
    layers = source.layers or from_mount(union, seen).lower
    is_used = bool(wanted.store) and store.needed(seen).uses(wanted.store)
    return Commit(source._replace(saved=_saved(seen, layers)), image, wanted.dropped, wanted.keep_old, is_used=is_used)


def asked(job, wanted):
    """What is at the target only gets another name, but an older one that has that name goes."""
    return (job.path,) if wanted.replace else ()


def plan(found, job, wanted):
    if wanted.rehearsed or job.is_used or found.holds == THE_SOURCE:
        return ()
    for attribute, path in found.tree.unfit:
        if attribute not in job.dropped:
            raise OverlayrootError(
                path,
                f"has the attribute {attribute}, which {job.image.format} cannot hold",
                "Choose another format" + (", or set drop_acls" if attribute in acls.NAMES else ""),
            )
    if found.holds == ANOTHER and not wanted.replace:
        raise OverlayrootError(f"target {job.path}", "is there already, and holds another tree", "Set replace, or choose another target")
    _check_room(found, job)
    return (job._replace(tree=found.tree, destroys=found.holds == ANOTHER),)


def show(found, job):
    needed = room(found.tree, job.image.format)
    free = found.free
    return {
        "image": {**job.image.show(), "holds": found.holds, "size": found.size},
        "sizes": {
            "bytes": found.tree.bytes,
            "inodes": found.tree.inodes,
            "needed": needed.bytes,
            "needed_inodes": needed.inodes,
            "available": free.bytes,
            "available_inodes": free.inodes,
            "fits": not _lacking(needed, free),
        },
        "unfit": [{"attribute": attribute, "path": path} for attribute, path in found.tree.unfit],
    }


def _union(seen, wanted):
    """The mount of the union that `source` names, or None."""
    mount = mountinfo.at(seen.mounts, seen.real(wanted.source[0]))
    return mount if len(wanted.source) == 1 and mount and from_mount(mount, seen) else None


def _source(seen, wanted, mount):
    if mount is None:
        for layer in wanted.source:
            _check_layer(seen, layer)
        return Source(layers=tuple(map(seen.real, wanted.source)), userxattr=wanted.userxattr)
    union = from_mount(mount, seen)
    if wanted.upper:
        return Source(union=mount.path)
    return Source(layers=reachable(seen, mount, union.lower), userxattr="userxattr" in union.options)


def _saved(seen, layers):
    """What the records say of those layers that are in the store."""
    ids = {layer[len(store.LAYERS) + 1 :].split("/")[0] for layer in layers if layer.startswith(store.LAYERS + "/")}
    found = store.of(seen) if ids or layout.IMAGE in layers else None
    if layout.IMAGE in layers:
        ids.add(store.image_of(found.ids(record.of(seen).generation)))
    return {name: found.layers[name] for name in sorted(ids) if name in found.layers} if found else {}


def _check_store(seen, wanted, union):
    if union is None or union.path != "/":
        raise OverlayrootError(f"store {wanted.store}", "takes the root that the host has booted", "Give source: /")
    for release, image in sorted(seen.initramfs.items()):
        lacking = initramfs.lacking_for(image, wanted.format)
        if lacking:
            raise OverlayrootError(
                f"initramfs of {release}", f"lacks the kernel module {lacking[0]}, so it cannot boot from an image", "Run the playbook provision"
            )


def _check_layer(seen, layer):
    if seen.paths[layer].kind != "directory":
        raise OverlayrootError(f"layer {layer}", "is no folder", "Name the mount point of a union, or folders")
    for mount, union in mounted.unions(seen):
        if union.upper and mounted.place_of_layer(seen, mount, union.upper) == seen.place(layer):
            raise OverlayrootError(
                f"layer {layer}", f"is in use: the union at {union.path} writes to it", f"Give {union.path} as the source"
            )


def _check_target(seen, wanted, image):
    above = posixpath.dirname(image.path)
    if seen.paths[posixpath.dirname(wanted.target)].kind != "directory":
        raise OverlayrootError(f"target {image.path}", f"{above} is no folder", "Make it, or choose another target")
    if seen.paths[image.path].kind == "other":
        raise OverlayrootError(f"target {image.path}", "is neither a file nor a folder", "Choose another target")
    for path in (image.path, image.old):
        _check_unused(seen, path)


def _check_unused(seen, path):
    """An image is asked for by way of its loop device."""
    cure = "Unmount that, or choose another target"
    for mount in seen.mounts:
        if mountinfo.is_within(mount.path, path):
            raise OverlayrootError(f"target {path}", f"is in use: {mount.fstype} is mounted at {mount.path}", cure)
    place = mountinfo.place(seen.mounts, path)
    for mount, union in mounted.unions(seen):
        for layer in _places(seen, mount, union):
            if place is not None and layer.is_within(place):
                raise OverlayrootError(f"target {path}", f"is in use: it is a layer of the union at {union.path}", cure)


def _check_apart(seen, image, source, mount):
    """The target may not lie in what is read to make it, nor the reverse."""
    parts = [seen.place(layer) for layer in source.layers]
    if source.union:
        parts += [mountinfo.place(seen.mounts, mount.path), *_places(seen, mount, from_mount(mount, seen))]
    target = mountinfo.place(seen.mounts, image.path)
    if any(target is not None and part is not None and target.overlaps(part) for part in parts):
        raise OverlayrootError(f"target {image.path}", "lies within the source, or the reverse", "Choose another target")


def _places(seen, mount, union):
    """Where the layers of a mounted union lie, as far as that can be known."""
    given = (*union.lower, *filter(None, [union.upper]))
    places = (mounted.place_of_layer(seen, mount, path) for path in given)
    return [place for place in places if place is not None]


def _check_room(found, job):
    needed = room(found.tree, job.image.format)
    lacking = _lacking(needed, found.free)
    if lacking:
        raise OverlayrootError(
            f"target {job.path}",
            f"takes {getattr(needed, lacking)} {lacking}, and its file system has {getattr(found.free, lacking)} free",
            "Make room there, or choose another target",
        )


def _lacking(needed, free):
    """Which of bytes and inodes there are too few of."""
    if needed.bytes > free.bytes:
        return "bytes"
    # A file system without a fixed number of inodes says that it has none.
    return "inodes" if free.inodes is not None and needed.inodes > free.inodes else ""
