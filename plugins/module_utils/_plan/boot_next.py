# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module boot_next wants, and the steps to it."""

from __future__ import annotations

import re
from typing import NamedTuple

from .._core import layout, request, store
from .._core.errors import OverlayrootError

ARGUMENTS = {"request": {"type": "str", "required": True}}
RULES = {}

_GENERATION = "generation="


class Wanted(NamedTuple):
    text: str  # empty where nothing is asked for


def wanted(params):
    text = params["request"]
    if text == "none":
        return Wanted("")
    if not re.match(r"(mode=off|generation=(0|[1-9]\d*))\Z", text):
        raise OverlayrootError(
            "request %s" % text, "is none that this module makes", "Use mode=off, generation=N or none"
        )
    return Wanted(text)


def asked(wanted):
    """Nothing is destroyed here."""
    return ()


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return request.SIGHT


def plan(seen, wanted):
    steps = request.steps(seen, wanted.text)
    if wanted.text.startswith(_GENERATION):
        store.bootable(seen, int(wanted.text[len(_GENERATION) :]))
    return steps


def check_apply(seen, steps):
    """A request may always be made."""


def show(state, wanted):
    return {"request": request.of(state) or "none"}
