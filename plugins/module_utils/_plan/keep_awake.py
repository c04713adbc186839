# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What serves the root by FUSE goes on when it is asked for something, whoever has stopped it. The boot hook has this done."""

from __future__ import annotations

from .._core import layout
from .._core.errors import OverlayrootError
from .._core.state import Sight
from .._core.steps import KeepAwake

ARGUMENTS = {"pid": {"type": "int", "required": True}}
RULES = {}


def wanted(params):
    """The number of the process."""
    return params["pid"]


def asked(wanted):
    """Nothing is destroyed here."""
    return ()


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return Sight(server=wanted)


def plan(seen, wanted):
    if seen.awake is None:
        raise OverlayrootError(f"process {wanted}", "serves no file system by FUSE", "Name one that does")
    return () if seen.awake else (KeepAwake(wanted),)


def check_apply(seen, steps):
    """It may always be done."""


def show(state, wanted):
    return {"process": wanted, "awake": bool(state.awake)}
