# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module pivot_save wants, and the steps to it."""

from __future__ import annotations

from typing import NamedTuple

from .._core import layout, session
from .._core.errors import OverlayrootError
from .._core.state import Sight
from . import save

ARGUMENTS = {
    "state": {"type": "str", "choices": ["armed", "disarmed", "saved"], "required": True},
    "id": {"type": "str"},
    "label": save.ARGUMENTS["label"],
    "drop_acls": save.ARGUMENTS["drop_acls"],
    "mode": save.ARGUMENTS["mode"],
    "upper": save.ARGUMENTS["upper"],
    "store": save.ARGUMENTS["store"],
}
RULES = {"required_if": [("state", "saved", ("id",))], **save.RULES}


# How a shutdown saves is its own choice, but for one: nothing promises that it can leave the root.
_MODES = {"armed": ("auto", "indirect"), "disarmed": ("auto",)}


class Wanted(NamedTuple):
    state: str
    save: save.Wanted  # None unless a layer is wanted now
    is_indirect: bool = False


def wanted(params):
    if params["state"] == "saved":
        return Wanted("saved", save.wanted({**params, "session": False}))
    for name in filter(params.get, ("id", "upper", "store")):
        raise OverlayrootError(f"{name} {params[name]}", "is given by the shutdown that saves", "Leave it out, or use state: saved")
    if params["mode"] not in _MODES[params["state"]]:
        raise OverlayrootError(f"mode {params['mode']}", f"is not for state: {params['state']}", "Leave it out, or use state: saved")
    return Wanted(params["state"], None, params["mode"] == "indirect")


def asked(wanted):
    """What says what is to become of the session may go, and with a save what the host is configured to give up."""
    return save.asked(wanted.save) if wanted.save else (session.DISCARD, session.INDIRECT)


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    if wanted.save:
        found = save.sight(wanted.save)
        return found._replace(files=(*found.files, session.DISCARD, session.INDIRECT))
    return Sight(files=session.FILES)


def plan(seen, wanted):
    if wanted.save:
        return save.plan(seen, wanted.save)
    return session.arm(seen, wanted.is_indirect) if wanted.state == "armed" else session.disarm(seen)


def check_apply(seen, steps):
    """It may always be asked for."""


def show(state, wanted):
    saved = save.show(state, wanted.save) if wanted.save else {}
    return {
        "armed": session.is_armed(state),
        "indirect": session.is_indirect(state),
        "saved": saved.get("layer"),
        "generation": saved.get("generation"),
    }
