# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which layers of a store have no checksum yet, and how that of one is noted when it has been read.

What is made while a host goes down or boots has none, since somebody would wait for it.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from .._core import layout, store
from .._core.state import Sight
from .._core.steps import WriteFile
from . import target

ARGUMENTS = {"store": {"type": "str"}}
RULES = {}


class Wanted(NamedTuple):
    store: str
    layer: str = ""  # that was read
    about: dict = {}  # what its record said then
    checksum: str = ""


def wanted(params):
    return Wanted(target.store_of(params))


def asked(wanted):
    """Nothing is destroyed here."""
    return ()


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return Sight(folders=store.folders_of(wanted.store))


def lacking(seen, wanted):
    """What is wanted of each layer that is to be read. Where a record is damaged, that is for others to see to."""
    found = store.needed(seen, wanted.store)
    return [
        wanted._replace(layer=name, about=about) for name, about in found.layers.items() if about and "sha256" not in about
    ]


def plan(seen, wanted):
    """Nothing where the layer was given up while it was read, or its checksum was noted by somebody else."""
    found = store.needed(seen, wanted.store)
    return (noted(found, wanted.layer, wanted.checksum),) if found.layers.get(wanted.layer) == wanted.about else ()


def noted(found, name, checksum):
    """The step that notes the checksum of a layer."""
    return WriteFile(f"{found.above}/{name}.json", json.dumps({**found.layers[name], "sha256": checksum}) + "\n")


def check_apply(seen, steps):
    """It may always be noted."""


def show(state, wanted):
    return {"lacking": [one.layer for one in lacking(state, wanted)]}
