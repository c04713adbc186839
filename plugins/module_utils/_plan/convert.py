# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A layer of the store, or an upper, is made readable for another backend. The boot hook has this done, in the base."""

from __future__ import annotations

from typing import NamedTuple

from .._core import layout, policy
from .._core.paths import clean
from .._core.state import Sight
from .._core.steps import ConvertLayer

FORMATS = ["overlay", "aufs", "unionfs_fuse"]
ARGUMENTS = {
    "path": {"type": "str", "required": True},
    "source": {"type": "str", "required": True},
    "old": {"type": "str", "choices": FORMATS, "required": True},
    "new": {"type": "str", "choices": FORMATS, "required": True},
    "below": {"type": "list", "elements": "str", "default": []},
}
RULES = {}


class Wanted(NamedTuple):
    path: str
    source: str
    old: str
    new: str
    below: tuple


def wanted(params):
    below = tuple(map(clean, params["below"]))
    return Wanted(clean(params["path"]), clean(params["source"]), params["old"], params["new"], below)


def asked(wanted):
    """Nothing is destroyed here."""
    return ()


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return Sight(paths=(wanted.path,), files=layout.both([policy.PATH]))


def plan(seen, wanted):
    """What is there is whole: it got its name last."""
    if seen.paths[wanted.path].kind:
        return ()
    file = seen.files[layout.base(seen, policy.PATH)]
    apart = [item.path for item in policy.parse(file.content if file else "") if item.policy == "union" and item.path != "/"]
    return (ConvertLayer(wanted.path, wanted.source, wanted.old, wanted.new, wanted.below, tuple(apart)),)


def check_apply(seen, steps):
    """It may always be made."""


def show(state, wanted):
    return {"path": wanted.path if state.paths[wanted.path].kind else None}
