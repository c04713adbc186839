# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a reset takes off, kept."""

from __future__ import annotations

from .._core import request, store

# What a snapshot is called that was given no name, before its time.
_BEFORE = "before-reset-"
LABEL = "what a reset has taken off"


def name(state, wanted):
    """Of the snapshot: that of one that the next boot is asked for stays."""
    asked = request.value(state, "save")
    if wanted.id is None and asked.startswith(_BEFORE):
        return asked
    return wanted.id or made_name(state)


def made_name(state):
    return _BEFORE + state.time.replace("-", "").replace(":", "")


def is_taken(state, name):
    """Whether there is a snapshot, or will be."""
    found = store.of(state)
    return request.value(state, "save") == name or (found is not None and name in found.layers)
