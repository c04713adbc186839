# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module halt_scripts wants, and the steps to it."""

from __future__ import annotations

from typing import NamedTuple

from .._core import halt_script, inits, inittab, layout
from .._core.errors import OverlayrootError
from .._core.paths import clean
from .._core.state import Sight
from .._core.steps import AddScript, RemoveFile, RemoveScript, WriteFile

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "script": {"type": "str", "required": True},
    "scripts": {"type": "list", "elements": "str", "default": ["/etc/rc.shutdown", "/etc/init.d/halt.sh"]},
}
RULES = {}


class Wanted(NamedTuple):
    state: str
    script: str
    scripts: tuple  # paths of halt scripts, which need not be there

    @property
    def files(self):
        return (inittab.PATH, *self.scripts)


def wanted(params):
    return Wanted(params["state"], params["script"], tuple(map(clean, params["scripts"])))


def asked(wanted):
    """The one file that may go."""
    return layout.both([inits.SCRIPT])


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return Sight(
        paths=(*inits.PATHS, *layout.both(wanted.scripts)),
        files=layout.both([inits.SCRIPT, *wanted.files]),
        folders=layout.both(inits.LINKS.values()),
    )


def plan(seen, wanted):
    before = {path: seen.files[layout.base(seen, path)] for path in wanted.files}
    before = {path: found.content for path, found in before.items() if found is not None}
    came = {path: _original(path, text) for path, text in before.items()}
    after = came if wanted.state == "absent" else _patched(seen, came)
    script = _unlinked(seen) if wanted.state == "absent" else _linked(seen, wanted)
    patched = (WriteFile(layout.base(seen, path), text) for path, text in after.items() if text != before[path])
    return (*patched, *script)


def check_apply(seen, steps):
    layout.check_changeable(seen, steps)


def show(state, wanted):
    marks = (halt_script.ADDED, halt_script.CHANGED)
    found = ((path, state.files[layout.base(state, path)]) for path in wanted.files)
    return {
        "script": state.files[layout.base(state, inits.SCRIPT)] is not None,
        "patched": [path for path, file in found if file and any(mark in file.content for mark in marks)],
    }


def _original(path, text):
    return halt_script.original(path, text, inittab.HOOK if path == inittab.PATH else halt_script.HOOK)


def _patched(seen, came):
    """The texts as they are to be. Only busybox's init has nothing else to be told by."""
    init = inits.of(seen)
    if init == "systemd":
        return came
    scripts = {path: text for path, text in came.items() if path != inittab.PATH}
    for path in scripts:
        _check_plain(seen, layout.base(seen, path))
    if init != "busybox":
        return {**came, **{path: halt_script.patched(path, text) for path, text in scripts.items()}}
    places = {path: halt_script.place(path, text) for path, text in scripts.items()}
    after = {path: halt_script.patched(path, text, places[path]) for path, text in scripts.items()}
    if inittab.PATH not in came:
        raise OverlayrootError(inittab.PATH, "is not there, and busybox's init unmounts all by itself then", "Write it")
    table = came[inittab.PATH]
    number = inittab.place(table, {path: halt_script.HOOK in text for path, text in after.items()})
    return {**after, inittab.PATH: table if number is None else inittab.patched(table, number)}


def _check_plain(seen, path):
    if seen.real(path) != path:
        raise OverlayrootError(path, "is a link", f"Name {seen.real(path)} instead in overlayroot_halt_scripts")


def _linked(seen, wanted):
    """The steps to an init script that is run when the host goes down."""
    init = inits.of(seen)
    if init not in inits.LINKS:
        return _unlinked(seen)
    path, folder = layout.base(seen, inits.SCRIPT), layout.base(seen, inits.LINKS[init])
    if seen.folders[folder] is None:
        raise OverlayrootError(folder, "is not there, where this host links what ends it", "Install its init system again")
    found = seen.files[path]
    is_there = found is not None and found.content == wanted.script and inits.is_linked(seen, init)
    return () if is_there else (AddScript(init, path, folder, wanted.script),)


def _unlinked(seen):
    path = layout.base(seen, inits.SCRIPT)
    left = () if seen.files[path] is None else (RemoveFile(path),)
    linked = (init for init in inits.LINKS if inits.is_linked(seen, init))
    return tuple(RemoveScript(init, path, layout.base(seen, inits.LINKS[init])) for init in linked) or left
