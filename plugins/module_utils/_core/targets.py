# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unions besides the root's that are saved when the host goes down, one a line: /etc/overlayroot/targets."""

from __future__ import annotations

import posixpath

from . import layout, mountinfo, store
from .errors import OverlayrootError
from .paths import clean, for_shell

PATH = layout.CONFIG + "/targets"

# What is mounted elsewhere has been unmounted by the time of the save.
_UPPERS = "/run"


def text(targets):
    """The file: name, upper and store of each target, which a user gave as dicts."""
    names = [target["name"] for target in targets]
    for name in names:
        store.check_id(name)
        if names.count(name) > 1:
            raise OverlayrootError(f"target {name}", "is given more than once", "Give each target a name of its own")
    return "".join(" ".join((target["name"], *map(for_shell, _paths(target)))) + "\n" for target in targets)


def _paths(target):
    upper = clean(target["upper"])
    if not mountinfo.is_within(upper, _UPPERS):
        raise OverlayrootError(
            f"target {target['name']}", f"its upper {upper} is not in {_UPPERS}", "Use a folder there: others last by themselves, or are gone"
        )
    return upper, checked(posixpath.join(layout.DATA, target["store"] or f"targets/{target['name']}"))


def checked(path):
    """The store at a path that a user gave: on the data file system, and not within the root's."""
    top = clean(path)
    if not mountinfo.is_within(top, layout.DATA) or top == layout.DATA or mountinfo.is_within(top, layout.STORE):
        raise OverlayrootError(f"store {top}", "is no folder of its own on the data file system", f"Use one below {layout.DATA}")
    return top
