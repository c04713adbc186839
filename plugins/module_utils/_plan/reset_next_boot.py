# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reset of the root, and of every union that was booted with it, by the next boot."""

from __future__ import annotations

import posixpath

from .._core import filesystem, initramfs, layout, mounted, mountinfo, record, request, session, store
from .._core.errors import OverlayrootError
from .._core.plan import simulate
from .._core.steps import PrepareKept, RemoveFile
from . import prune, reset_kept, reset_snapshot, save

PREVIOUS = "previous"
_RESET = "reset"
_MKFS = "mkfs"
_ROLLBACK = "rollback="
_KEEP = store.TOP + "/keep"
# What a data file system has that holds nothing else.
_NOTHING_ELSE = ("lost+found", posixpath.basename(store.TOP))
_SIGHT = request.SIGHT._replace(files=(*request.SIGHT.files, *session.FILES))
_SIGHTS = {
    "discard": _SIGHT,
    "snapshot": save.SIGHT._replace(files=(*save.SIGHT.files, session.DISCARD)),
    "mkfs": _SIGHT._replace(folders=(*request.SIGHT.folders, layout.DATA, _KEEP), initramfs=True),
}


def sight(wanted):
    found = _SIGHTS[wanted.method]
    paths = (*found.paths, *reset_kept.above(wanted.keep))
    return found._replace(paths=paths, layers=found.layers or bool(wanted.keep))


def plan(seen, wanted):
    if wanted.when == "never":
        withdrawn = (*_forgotten(seen), *request.steps(seen, "")) if _is_reset(request.of(seen)) else ()
        return (*withdrawn, *(session.arm(seen, session.is_indirect(seen)) if session.is_kept(seen) else ()))
    return (*_reset(seen, wanted), *(session.disarm(seen) if session.is_kept(seen) else ()))


def _reset(seen, wanted):
    if wanted.method == "mkfs":
        _check_mkfs(seen, wanted)
        return _asked_for(seen, _MKFS)
    if wanted.method == "snapshot":
        steps = _snapshot(seen, wanted)
        return (*steps, *prune.by_itself(simulate(seen, steps))) if steps else ()
    return _asked_for(seen, _request(seen, wanted), lambda: _prepared(seen, wanted))


def show(state, wanted):
    shown = {"path": "/", "request": request.of(state)}
    if session.is_kept(state):
        shown["discards_session"] = not session.is_armed(state)
    if wanted.method == "snapshot":
        name = reset_snapshot.name(state, wanted)
        shown["snapshot"] = name if reset_snapshot.is_taken(state, name) else ""
    return shown


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


def _is_reset(text):
    return any(line in (_RESET, _MKFS) or line.startswith(_ROLLBACK) for line in text.split("\n"))


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
    number = found.before(found.booted()) if wanted.generation == PREVIOUS else int(wanted.generation)
    found.ids(number)
    return number


def _prepared(seen, wanted):
    if not wanted.keep:
        return ()
    return (*reset_kept.copied_up(wanted.keep, wanted.path), PrepareKept(store.KEPT, _uppers(seen, wanted)))


def _uppers(seen, wanted):
    """(what the store calls it, upper, paths in it) of that of the root, and those that something is kept of."""
    root = mounted.at(seen, "/")
    found = {f"{store.TOP}/{layout.upper(root.backend if root else 'overlay')}": []}
    for path in wanted.keep:
        upper, inside = reset_kept.place(seen, path, _is_of_the_store)
        found.setdefault(upper, []).append(inside)
    return tuple((upper[len(store.TOP) + 1 :], upper, tuple(paths)) for upper, paths in sorted(found.items()))


def _is_of_the_store(union):
    return mountinfo.is_within(union.upper, store.TOP)


def _snapshot(seen, wanted):
    """An upper on the disk becomes a layer at the next boot, one in RAM is copied at once."""
    found, name = store.needed(seen), reset_snapshot.name(seen, wanted)
    if request.conf(seen).persistence != "upper":
        copied = () if name in found.layers else save.copied(seen, name, reset_snapshot.LABEL)
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
    return _asked_for(seen, f"save={name}\n{_ROLLBACK}{number}", lambda: save.noted(seen, name, reset_snapshot.LABEL))


def _check_mkfs(seen, wanted):
    """The next boot asks nobody any more."""
    conf = request.conf(seen)
    if conf.persistence != "upper":
        raise OverlayrootError("method mkfs", "an upper in RAM is new at every boot", "Leave it out")
    found = store.needed(seen)
    filesystem.check(conf.data_type, conf.data)
    for release, image in sorted(seen.initramfs.items()):
        for program in (f"mkfs.{conf.data_type}", "blkid"):
            if not initramfs.has_program(image, program):
                raise OverlayrootError("method mkfs", f"the initramfs of {release} has no {program}", "Run the playbook provision")
    saved = [
        *(f"generation {number}" for number in sorted(found.generations) if number),
        *(f"layer {name}" for name in found.layers),
        *(f"keep/{name}" for name in sorted(seen.folders[_KEEP] or ())),
        *(f"/{name}" for name in sorted(seen.folders[layout.DATA] or ()) if name not in _NOTHING_ELSE),
    ]
    if saved and not wanted.discard_saved:
        raise OverlayrootError(
            "the data file system", f"would be made anew with all that is saved on it: {', '.join(saved)}", "Set discard_saved to allow that"
        )
