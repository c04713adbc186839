# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session: what was written since the last boot, where it is saved when the host goes down."""

from __future__ import annotations

from . import layout, record
from .errors import OverlayrootError
from .steps import RemoveFile, WriteFile

# While it is there, nothing is saved.
DISCARD = layout.PUBLIC + "/discard"
FILES = (layout.RECORD, DISCARD)


def is_armed(state):
    """Whether it is to be saved when the host goes down."""
    booted = record.values(state.files[layout.RECORD].content) if state.files[layout.RECORD] else {}
    return booted.get("persistence") == "session" and state.files[DISCARD] is None


def arm(state):
    """The steps after which it is to be saved."""
    _check(state)
    return () if state.files[DISCARD] is None else (RemoveFile(DISCARD),)


def disarm(state):
    """The steps after which it is to be discarded."""
    _check(state)
    return (WriteFile(DISCARD, ""),) if state.files[DISCARD] is None else ()


def _check(state):
    booted = record.of(state)
    if booted.persistence != "session":
        raise OverlayrootError(
            "this host", f"runs with the persistence {booted.persistence}", "Provision it with overlayroot_persistence: session"
        )
