# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot record: what the boot hook says that it did."""

from __future__ import annotations

from typing import NamedTuple

from . import layout
from .errors import OverlayrootError


class Record(NamedTuple):
    generation: int
    persistence: str
    backend: str


def values(text):
    """{key: value} of the file."""
    pairs = (line.partition("=") for line in text.split("\n") if line)
    return {key: value for key, _equals, value in pairs}


def of(state):
    """The Record of a host that runs protected."""
    file = state.files[layout.RECORD]
    found = values(file.content) if file else {}
    if found.get("protected") != "yes":
        raise OverlayrootError(
            "this host", found.get("reason") or "was not started into its union", "Boot it into its union first"
        )
    return Record(int(found["generation"]), found["persistence"], found.get("backend", "overlay"))
