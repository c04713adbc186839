# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module mount_policies wants, and the steps to it."""

from __future__ import annotations

from typing import NamedTuple

from .._core import fstab, layout, policy
from .._core.errors import OverlayrootError
from .._core.paths import clean
from .._core.state import Sight
from .._core.steps import MakeDir, RemoveDir, RemoveFile, WriteFile

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "mounts": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "path": {"type": "str", "required": True},
            "policy": {"type": "str", "choices": ["union", "bind", "tmpfs", "ro", "skip"], "required": True},
            "options": {"type": "str"},
        },
    },
    "data": {"type": "str", "default": ""},
}
RULES = {}

FSTAB = "/etc/fstab"


class Wanted(NamedTuple):
    state: str
    mounts: tuple  # of dicts with path, policy and options
    has_data: bool


def wanted(params):
    mounts = tuple({**mount, "path": clean(mount["path"])} for mount in params["mounts"])
    paths = [mount["path"] for mount in mounts]
    for path in paths:
        if paths.count(path) > 1:
            raise OverlayrootError("mounts", "%s has two policies" % path, "Leave one")
    return Wanted(params["state"], mounts, bool(params["data"]))


def asked(wanted):
    """The one file that may go."""
    return (policy.PATH, layout.BASE + policy.PATH)


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    given = [mount["path"] for mount in wanted.mounts]
    return Sight(
        paths=(*layout.both([layout.CONFIG]), "/", *policy.FOLLOWERS, *policy.FIRMWARE, *given),
        files=layout.both([policy.PATH, FSTAB]),
        folders=layout.both([layout.CONFIG]),
    )


def plan(seen, wanted):
    folder, path = layout.base(seen, layout.CONFIG), layout.base(seen, policy.PATH)
    found = seen.files[path]
    if wanted.state == "absent":
        return _remove(seen, folder, path)
    text = _text(seen, wanted)
    steps = () if seen.paths[folder].kind else (MakeDir(folder),)
    return steps if found is not None and found.content == text else (*steps, WriteFile(path, text))


def check_apply(seen, steps):
    layout.check_changeable(seen, steps)


def show(state, wanted):
    found = state.files[layout.base(state, policy.PATH)]
    return {"policies": [line for line in found.content.split("\n") if line] if found else []}


def _remove(seen, folder, path):
    steps = () if seen.files[path] is None else (RemoveFile(path),)
    if steps and not set(seen.folders[folder] or ()) - {"mounts"}:
        steps += (RemoveDir(folder),)
    return steps


def _text(seen, wanted):
    table = seen.files[layout.base(seen, FSTAB)]
    entries = fstab.parse(table.content).entries if table else ()
    policies = policy.choose(wanted.mounts, entries, wanted.has_data)
    return "".join(_line(seen, item) for item in policies.values())


def _line(seen, item):
    """The line of a policy, with the owner and mode that the file already gives it or the path has."""
    found = seen.files[layout.base(seen, policy.PATH)]
    for line in found.content.split("\n") if found else ():
        fields = line.split(" ")
        if fields[:3] == item.line.split(" ")[:3] and len(fields) == 6:
            return item._replace(owner=fields[3], mode=fields[4]).line
    info = seen.paths[item.path]
    if info.kind == "directory":
        item = item._replace(owner="%d:%d" % (info.uid, info.gid), mode="%o" % info.mode)
    return item.line
