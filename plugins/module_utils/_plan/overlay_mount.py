# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module overlay_mount wants, and the steps to it."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from .._core import fstab, layers, layout, mounted, mountinfo
from .._core.backends import KINDS
from .._core.entry import entry
from .._core.errors import OverlayrootError
from .._core.paths import clean, with_parents
from .._core.state import Sight
from .._core.steps import ChangeBranches, MakeDir, Mount, Unmount, WriteFile
from .._core.union import VOLATILE_MARKER, Union
from .._core.unionfs_fuse import PROGRAM

ARGUMENTS = {
    "path": {"type": "str", "required": True},
    "backend": {"type": "str", "choices": ["overlay", "aufs", "unionfs_fuse"], "default": "overlay"},
    "lower": {"type": "list", "elements": "str"},
    "upper": {"type": "str"},
    "work": {"type": "str"},
    "permissions": {"type": "dict", "default": {}},
    "options": {"type": "dict", "default": {}},
    "create": {"type": "bool", "default": False},
    "state": {"type": "str", "choices": ["mounted", "unmounted"], "default": "mounted"},
    "fstab": {"type": "bool", "default": False},
}
RULES = {}

FSTAB = "/etc/fstab"


class Wanted(NamedTuple):
    state: str
    union: Union  # paths and options as the user gave them
    create: bool
    fstab: bool


def wanted(params):
    union = KINDS[params["backend"]](
        clean(params["path"]),
        tuple(map(clean, params["lower"] or ())),
        clean(params["upper"]),
        clean(params["work"]),
        params["options"],
        params["backend"],
        {clean(path): permission for path, permission in params["permissions"].items()},
    ).checked()
    if union.path == "/":
        raise OverlayrootError("path /", "a union cannot be mounted over the running root", "Let the initramfs do it")
    if params["state"] == "mounted" and not union.lower:
        raise OverlayrootError(f"path {union.path}", "a union to be mounted needs a lower", "State lower")
    if params["fstab"] and union.backend == "unionfs_fuse":
        raise OverlayrootError("fstab", "cannot hold the branches of unionfs-fuse", "State fstab=false")
    return Wanted(params["state"], union, params["create"], params["fstab"])


def asked(wanted):
    """Nothing is destroyed here."""
    return ()


def locked(wanted):
    return (*layout.LOCKED, posixpath.dirname(wanted.union.path))


def sight(wanted):
    paths = [path for given in _paths(wanted.union) for path in with_parents(given)]
    paths.append(PROGRAM)
    if wanted.union.work is not None:
        paths += [*wanted.union.work_folders(), f"{wanted.union.work}/{VOLATILE_MARKER}"]
    if wanted.fstab:
        return Sight(paths=(*paths, FSTAB), files=(FSTAB,), layers=True)
    return Sight(paths=tuple(paths), layers=True)


def plan(seen, wanted):
    path = seen.real(wanted.union.path)
    if wanted.state == "unmounted":
        return _unmount(seen, path) + _without_entry(seen, wanted, path)
    union = _complete(seen, wanted.union)
    found = mounted.at(seen, path)
    if found is None:
        return _mount(seen, wanted, union) + _with_entry(seen, wanted, union)
    return _change(seen, found, union) + _with_entry(seen, wanted, union)


def check_apply(seen, steps):
    """Nothing stands in the way of steps that could be planned."""


def show(state, wanted):
    path = state.real(wanted.union.path)
    union = mounted.at(state, path)
    if union is not None and wanted.state == "mounted":
        union = mounted.in_words_of(state, union, _complete(state, wanted.union))
    line = _table(state).find(path, wanted.union.fstype) if wanted.fstab else None
    return {
        "union": union and union.show(),
        "fstab": line and fstab.render(line),
        "missing": [given for given in _paths(wanted.union) if not state.paths[given].kind],
    }


def _paths(union):
    return tuple(path for path in (union.path, *union.lower, union.upper, union.work) if path is not None)


def _complete(seen, union):
    """The union with link-free paths and all its options."""

    def real(path):
        return None if path is None else seen.real(path)

    return union._replace(
        path=real(union.path),
        lower=tuple(map(real, union.lower)),
        upper=real(union.upper),
        work=real(union.work),
        permissions={real(path): permission for path, permission in union.permissions.items()},
    ).completed(seen.kernel)


def _mount(seen, wanted, union):
    steps = _make_dirs(seen, wanted)
    layers.check(seen, union)
    return (*steps, Mount(union))


def _make_dirs(seen, wanted):
    """Steps for what is missing of the mount point, the upper and the work folder."""
    union = wanted.union
    steps = {}
    for role, given in (("path", union.path), ("upper", union.upper), ("work", union.work)):
        for path in with_parents(given) if given is not None else ():
            info = seen.paths[path]
            if info.kind not in ("", "directory"):
                raise OverlayrootError(f"{role} {given}", f"{path} is no folder", "Name a folder")
            if not info.kind and not wanted.create:
                raise OverlayrootError(f"{role} {given}", f"{path} does not exist", "Make it, or state create=true")
            if not info.kind:
                steps.setdefault(info.real, MakeDir(info.real))
        if role == "upper" and given is not None and seen.real(given) in steps:
            # The root of the union has the attributes of the upper: those that the lower shows now.
            like = seen.paths[union.lower[0]]
            steps[seen.real(given)] = MakeDir(seen.real(given), like.mode, like.uid, like.gid)
    return tuple(steps.values())


def _change(seen, found, union):
    """The steps from what is mounted: only aufs can change its branches."""
    differing = _differing(seen, found, union)
    if found.backend == union.backend == "aufs" and set(differing) <= {"lower", "permissions"}:
        mount = mountinfo.at(seen.mounts, union.path)
        layers.check(seen._replace(mounts=mountinfo.without(seen.mounts, mount)), union)
        return (ChangeBranches(found, union),) if differing else ()
    if differing:
        listed = ", ".join(f"{name} is {_say(old)}, not {_say(new)}" for name, (old, new) in differing.items())
        raise OverlayrootError(
            f"path {union.path}",
            f"a union is mounted there that differs, which cannot be changed while it is mounted ({listed})",
            "Unmount it first (state=unmounted), then mount it again",
        )
    return ()


def _differing(seen, found, union):
    if found.upper in seen.paths and not seen.paths[found.upper].kind:
        raise OverlayrootError(
            f"path {union.path}",
            f"the upper {found.upper} of the union that is mounted there is gone from its place: the union goes on "
            "writing to a file system that was unmounted",
            "Unmount the union (state=unmounted), mount that file system again, then mount the union",
        )
    return mounted.differences(seen, found, union)


def _say(value):
    return ":".join(value) if isinstance(value, tuple) else value or "none"


def _unmount(seen, path):
    steps = ()
    while mounted.at(seen, path):
        mount = mountinfo.at(seen.mounts, path)
        left = mountinfo.without(seen.mounts, mount)
        inside = sorted(m.path for m in seen.mounts if m not in left and m != mount)
        if inside:
            raise OverlayrootError(f"path {path}", f"mounted within it: {', '.join(inside)}", "Unmount that first")
        step = Unmount(mounted.at(seen, path))
        steps += (step,)
        seen = step.simulate(seen)
    return steps


def _table(seen):
    file = seen.files[FSTAB]
    return fstab.parse(file.content if file else "")


def _with_entry(seen, wanted, union):
    if not wanted.fstab:
        return ()
    table = _table(seen)
    return _write(seen, table, table.put(entry(table, union)))


def _without_entry(seen, wanted, path):
    if not wanted.fstab:
        return ()
    table = _table(seen)
    return _write(seen, table, table.remove(path, wanted.union.fstype))


def _write(seen, old, new):
    if old == new:
        return ()
    if seen.real(FSTAB) != FSTAB or mountinfo.at(seen.mounts, FSTAB):
        raise OverlayrootError(
            FSTAB,
            "is a link or a mount point, so replacing it would not last",
            "Change what it is made from (in a booted union: the base, in maintenance)",
        )
    return (WriteFile(FSTAB, new.text),)
