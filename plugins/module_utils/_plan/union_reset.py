# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module union_reset wants, and the steps to it."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from .._core import layout, mounted, mountinfo, record, request, store
from .._core.errors import OverlayrootError
from .._core.paths import clean
from .._core.plan import simulate
from .._core.state import Sight
from .._core.steps import CopyUp, Keep, MakeDir, Mount, PrepareKept, RemoveFile, RemoveTree, SetAside, Unmount
from .._core.union import from_mount
from . import prune, save

ARGUMENTS = {
    "path": {"type": "str", "default": "/"},
    "when": {"type": "str", "choices": ["now", "next_boot", "never"], "required": True},
    "method": {"type": "str", "choices": ["discard", "snapshot"], "default": "discard"},
    "id": {"type": "str"},
    "generation": {"type": "str"},
    "keep": {"type": "list", "elements": "str", "default": []},
}
RULES = {}

_PREVIOUS = "previous"
_RESET = "reset"
_UPPER = store.TOP + "/upper"
_ROLLBACK = "rollback="
# What a snapshot is called that was given no name, before its time.
_BEFORE = "before-reset-"
_LABEL = "what a reset has taken off"


class Wanted(NamedTuple):
    path: str
    when: str
    method: str
    id: str  # of a snapshot; None: by its time
    generation: str  # a number, or "previous"; None: the one that is booted anyway
    keep: tuple  # paths


def wanted(params):
    path, when, method, generation = clean(params["path"]), params["when"], params["method"], params["generation"]
    if path == "/" and when == "now":
        raise OverlayrootError("path /", "the root is in use until the host goes down", "Use when: next_boot")
    if path != "/" and when != "now":
        raise OverlayrootError(f"path {path}", "the boot hook resets the root, and all with it", "Use when: now, or path: /")
    if generation is not None and when != "next_boot":
        raise OverlayrootError(f"generation {generation}", "is for the next boot to go to", "Use when: next_boot")
    if generation not in (None, _PREVIOUS) and not generation.isdecimal():
        raise OverlayrootError(f"generation {generation}", "is no number", f"Give its number, or {_PREVIOUS}")
    _check_method(method, when, params["id"], params["keep"])
    return Wanted(path, when, method, params["id"], generation, _kept(params["keep"], path, when, generation))


def _check_method(method, when, name, keep):
    if method != "discard" and when == "never":
        raise OverlayrootError(f"method {method}", "is how a union is reset", "Leave it out")
    if method == "snapshot" and keep:
        raise OverlayrootError("method snapshot", "takes the upper off whole", "Leave keep out, or use method: discard")
    if name is not None:
        if method != "snapshot":
            raise OverlayrootError(f"id {name}", "is the name of a snapshot", "Use method: snapshot")
        store.check_id(name)


def _kept(given, union, when, generation):
    paths = tuple(sorted(map(clean, given)))
    if paths and when == "never":
        raise OverlayrootError(f"keep {paths[0]}", "all is kept where nothing is reset", "Leave it out")
    if paths and generation is not None:
        raise OverlayrootError(
            f"keep {paths[0]}", f"was written over what generation {generation} may not have", "Leave one of the two out"
        )
    for path, other in zip(paths, paths[1:]):
        if mountinfo.is_within(other, path):
            raise OverlayrootError(f"keep {other}", f"lies within {path}, which is kept whole", "Leave it out")
    if union in paths:
        raise OverlayrootError(f"keep {union}", "is what is to be reset", "Name what is to be kept")
    return paths


def asked(wanted):
    """The upper of the union may go, what was noted about a layer that is not made after all, and what the host is
    configured to give up."""
    return (wanted.path,) if wanted.when == "now" else prune.asked(wanted)


def locked(wanted):
    return (*layout.LOCKED, posixpath.dirname(wanted.path))


def sight(wanted):
    above = tuple(map(posixpath.dirname, wanted.keep))
    if wanted.when == "now":
        return Sight(paths=(wanted.path, *above), layers=True, kept=(wanted.path, wanted.keep) if above else ())
    sight = save.sight(wanted) if wanted.method == "snapshot" else request.SIGHT
    return sight._replace(paths=(*sight.paths, *above), layers=sight.layers or bool(above))


def plan(seen, wanted):
    if wanted.when == "now":
        return _now(seen, wanted)
    if wanted.when == "never":
        return (*_forgotten(seen), *request.steps(seen, "")) if _is_reset(request.of(seen)) else ()
    if wanted.method == "snapshot":
        steps = _snapshot(seen, wanted)
        return (*steps, *prune.by_itself(simulate(seen, steps))) if steps else ()
    return _asked_for(seen, _request(seen, wanted), lambda: _prepared(seen, wanted))


def check_apply(seen, steps):
    """Where the union is in use, its Unmount fails before anything is lost."""


def show(state, wanted):
    if wanted.when == "now":
        union = _union(state, wanted)
        return {"reset": {"path": union.path, "upper_empty": _is_empty(state, union)}}
    shown = {"path": "/", "request": request.of(state)}
    if wanted.method == "snapshot":
        shown["snapshot"] = _name(state, wanted) if _is_taken(state, _name(state, wanted)) else ""
    return {"reset": shown}


def _asked_for(seen, text, prepared=lambda: ()):
    """Steps to have the next boot asked for a reset by `text`; there may be none."""
    found = request.of(seen)
    if not text or text == found:
        return ()
    if not _is_reset(found):
        request.check_free(seen)
    return (*_forgotten(seen), *prepared(), *request.steps(seen, text))


def _forgotten(seen):
    """What was noted about a snapshot that the next boot was asked for goes with that request."""
    note = f"{store.LAYERS}/{request.value(seen, 'save')}.json"
    return (RemoveFile(note),) if request.value(seen, "save") and seen.file(note) else ()


def _snapshot(seen, wanted):
    """The root's: an upper on the disk becomes a layer at the next boot, one in RAM is copied at once."""
    found, name = store.needed(seen), _name(seen, wanted)
    if request.conf(seen).persistence != "upper":
        copied = () if name in found.layers else save.copied(seen, name, _LABEL)
        return (*copied, *_asked_for(seen, _request(seen, wanted)))
    if name in found.layers:
        return ()
    if record.of(seen).persistence != "upper":
        raise OverlayrootError(
            "method snapshot",
            f"this host only visits generation {record.of(seen).generation}, without the upper that would be reset",
            "Reboot it first",
        )
    number = found.booted() if wanted.generation is None else _number(found, wanted)
    return _asked_for(seen, f"save={name}\n{_ROLLBACK}{number}", lambda: save.noted(seen, name, _LABEL))


def _name(state, wanted):
    """Of the snapshot: that of one that the next boot is asked for stays."""
    asked = request.value(state, "save")
    if wanted.id is None and asked.startswith(_BEFORE) and _is_reset(request.of(state)):
        return asked
    return wanted.id or _made_name(state)


def _made_name(state):
    return _BEFORE + state.time.replace("-", "").replace(":", "")


def _is_taken(state, name):
    """Whether there is a snapshot, or will be."""
    found = store.of(state)
    return request.value(state, "save") == name or (found is not None and name in found.layers)


def _request(seen, wanted):
    """The words for boot/next; none where the next boot comes to the same without."""
    is_kept = request.conf(seen).persistence == "upper"
    if wanted.keep and not is_kept:
        raise OverlayrootError(
            f"keep {wanted.keep[0]}", "an upper in RAM is gone at the next boot", "Give its folder the policy bind"
        )
    if wanted.generation is None:
        kept = [request.keep(name + path) for name, _upper, paths in _uppers(seen, wanted) for path in paths]
        return "\n".join([_RESET, *kept]) if is_kept else ""
    found = store.needed(seen)
    number = _number(found, wanted)
    return f"{_ROLLBACK}{number}" if is_kept or found.current != number else ""


def _number(found, wanted):
    """Of the generation to go to."""
    number = found.before(found.booted()) if wanted.generation == _PREVIOUS else int(wanted.generation)
    found.ids(number)
    return number


def _is_reset(text):
    return any(line == _RESET or line.startswith(_ROLLBACK) for line in text.split("\n"))


def _prepared(seen, wanted):
    if not wanted.keep:
        return ()
    return (*_copied_up(wanted), PrepareKept(store.KEPT, _uppers(seen, wanted)))


def _copied_up(wanted):
    """The folders that hold what is kept, so that they are in the upper."""
    return map(CopyUp, sorted({posixpath.dirname(path) for path in wanted.keep} - {wanted.path}))


def _uppers(seen, wanted):
    """(what the store calls it, upper, paths in it) of that of the root, and those that something is kept of."""
    found = {_UPPER: []}
    for path in wanted.keep:
        upper, inside = _place(seen, wanted, path)
        found.setdefault(upper, []).append(inside)
    return tuple((upper[len(store.TOP) + 1 :], upper, tuple(paths)) for upper, paths in sorted(found.items()))


def _place(seen, wanted, path):
    """The upper that holds a path, and where."""
    above = posixpath.dirname(path)
    if seen.paths[above].kind != "directory" or seen.real(above) != above:
        raise OverlayrootError(f"keep {path}", f"{above} is no folder, or leads elsewhere", "Give the path without links")
    mount = seen.mount_of(above)
    union = from_mount(mount, seen.overlay)
    if union is None or union.upper is None or not _is_concerned(seen, wanted, union):
        raise OverlayrootError(f"keep {path}", f"a reset leaves {mount.path} alone", "Leave it out")
    return union.upper, "/" + posixpath.relpath(path, mount.path)


def _is_concerned(seen, wanted, union):
    if wanted.when == "now":
        return union.path == seen.real(wanted.path)
    return mountinfo.is_within(union.upper, store.TOP)


def _union(seen, wanted):
    path = seen.real(wanted.path)
    union = mounted.at(seen, path)
    if union is None:
        raise OverlayrootError(f"path {wanted.path}", "no union is mounted there", "Name the mount point of a union")
    if union.upper is None:
        raise OverlayrootError(f"path {wanted.path}", "the union is read-only: it has no upper", "There is nothing to reset")
    return union


def _now(seen, wanted):
    union = _union(seen, wanted)
    kept = tuple(_place(seen, wanted, path)[1] for path in wanted.keep)
    if _is_empty(seen, union):
        return ()
    _check_unused(seen, union)
    info = seen.paths[union.upper]
    number = mountinfo.at(seen.mounts, union.path).id
    upper, work = seen.real(union.upper), seen.real(union.work)
    old_upper, old_work = (f"{posixpath.dirname(path)}/.{posixpath.basename(path)}.reset-{number}" for path in (upper, work))
    if wanted.method == "snapshot":
        old_upper = f"{posixpath.dirname(upper)}/{wanted.id or _made_name(seen)}"
    return (
        *_copied_up(wanted),
        Unmount(union),
        SetAside(upper, old_upper),
        SetAside(work, old_work),
        MakeDir(upper, info.mode, info.uid, info.gid),
        MakeDir(work),
        *([Keep(upper, old_upper, kept, _format(union))] if kept else ()),
        Mount(union),
        *([] if wanted.method == "snapshot" else [RemoveTree(wanted.path, old_upper)]),
        RemoveTree(wanted.path, old_work),
    )


def _is_empty(state, union):
    """But for what is kept."""
    return state.paths[union.upper].is_empty or state.only_kept


def _format(union):
    return "overlay_userxattr" if "userxattr" in union.options else "overlay"


def _check_unused(seen, union):
    """Refuse where others would lose by it: what is mounted in the folders, and unions over this one."""
    for path in (union.upper, union.work):
        if seen.paths[path].kind != "directory":
            raise OverlayrootError(path, "is not there any more", "Unmount the union, and mount it anew")
        inside = [mount.path for mount in seen.mounts if mountinfo.is_within(mount.path, seen.real(path))]
        if inside:
            raise OverlayrootError(path, f"{inside[0]} is mounted in it", "Unmount that first")
    for _mount, other in mounted.unions(seen):
        if any(mountinfo.is_within(path, union.path) for path in (*other.lower, other.upper or "")):
            raise OverlayrootError(union.path, f"the union at {other.path} lies on it", "Unmount that first")
