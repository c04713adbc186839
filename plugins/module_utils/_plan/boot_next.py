# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module boot_next wants, and the steps to it."""

from __future__ import annotations

import re
from typing import NamedTuple

from .._core import bootconf, layout, mountinfo
from .._core.errors import OverlayrootError
from .._core.state import Sight
from .._core.steps import MakeDir, OverwriteFile, Remount, WriteFile

ARGUMENTS = {"request": {"type": "str", "required": True}}
RULES = {}

ON_BASE = layout.CONFIG + "/boot"
IN_STORE = layout.STORE + "/boot"
GENERATIONS = layout.STORE + "/generations"


class Wanted(NamedTuple):
    text: str  # the content of boot/next: empty where nothing is asked for


def wanted(params):
    request = params["request"]
    if request == "none":
        return Wanted("")
    if not re.match(r"(mode=off|reset|generation=(0|[1-9]\d*))\Z", request):
        raise OverlayrootError(
            "request %s" % request, "is none that the boot hook knows", "Use mode=off, reset, generation=N or none"
        )
    return Wanted(request + "\n")


def asked(wanted):
    """Nothing is destroyed here."""
    return ()


def sight(wanted):
    folders = (*layout.both([ON_BASE]), IN_STORE)
    return Sight(
        paths=folders,
        files=(*layout.both([bootconf.PATH]), *(folder + "/next" for folder in folders)),
        folders=(GENERATIONS,),
    )


def plan(seen, wanted):
    folder = _folder(seen)
    _check(seen, wanted)
    path, found = folder + "/next", seen.files[folder + "/next"]
    if (found.content if found else "") == wanted.text:
        return ()
    steps = () if seen.paths[folder].kind else (MakeDir(folder),)
    if not mountinfo.is_within(folder, layout.BASE):
        return (*steps, WriteFile(path, wanted.text))
    # The base is writable for this one file.
    steps += (OverwriteFile(path, wanted.text) if found else WriteFile(path, wanted.text),)
    return (Remount(layout.BASE, read_only=False), *steps, Remount(layout.BASE, read_only=True))


def check_apply(seen, steps):
    """A request may always be made."""


def show(state, wanted):
    found = state.files[_folder(state) + "/next"]
    return {"request": (found.content.strip() if found else "") or "none"}


def _folder(seen):
    """Where the hook looks for requests: in the store, or on the base of a host that has none."""
    conf = seen.files[layout.base(seen, bootconf.PATH)]
    if conf is None:
        raise OverlayrootError(bootconf.PATH, "this host is not provisioned", "Run the playbook provision")
    if not bootconf.parse(conf.content).data:
        return layout.base(seen, ON_BASE)
    if mountinfo.at(seen.mounts, layout.DATA) is None:
        raise OverlayrootError(
            "the data file system",
            "is not mounted, since this host runs without its union",
            "Boot it into the union first",
        )
    return IN_STORE


def _check(seen, wanted):
    _word, _equals, generation = wanted.text.strip().partition("generation=")
    known = {"0", *filter(str.isdecimal, seen.folders[GENERATIONS] or ())}
    if generation and generation not in known:
        raise OverlayrootError(
            "generation %s" % generation,
            "the store does not have it",
            "Use one of %s" % ", ".join(sorted(known, key=int)),
        )
