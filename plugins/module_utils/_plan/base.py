# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image that union_commit has made in the store becomes what a new generation stands on.

The next boot goes there where nothing is lost by that. Where an upper on the disk is not in the image, it is left to a
rollback to give that up.
"""

from __future__ import annotations

from typing import NamedTuple

from .._core import layout, mounted, record, request, session, store
from .._core.errors import OverlayrootError
from .._core.steps import NoteImage, WriteFile

ARGUMENTS = {"id": {"type": "str", "required": True}, "upper": {"type": "bool", "required": True}}
RULES = {}


class Wanted(NamedTuple):
    id: str  # of the image
    upper: bool  # whether it holds what is in the upper


def wanted(params):
    return Wanted(params["id"], params["upper"])


def asked(wanted):
    """Nothing is destroyed here."""
    return ()


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return request.SIGHT._replace(files=(*session.FILES, *request.SIGHT.files), layers=True)


def plan(seen, wanted):
    found = store.needed(seen)
    if found.uses(wanted.id):
        return ()
    booted = record.of(seen)
    number = found.next_number()
    others = [union.path for _mount, union in mounted.booted(seen) if union.path != "/"]
    if others and wanted.upper:
        raise OverlayrootError(
            others[0], "has an upper of its own, which an image of the root cannot hold", "Save it as a layer, and commit without the upper"
        )
    # What the layers hold for other file systems is not in the image.
    ids = (*found.ids(booted.generation), wanted.id) if others else (wanted.id,)
    return (
        NoteImage(wanted.id),
        WriteFile(f"{store.GENERATIONS}/{number}", store.text(ids)),
        *_next(seen, wanted, booted, number),
    )


def check_apply(seen, steps):
    """A generation may always be made."""


def show(state, wanted):
    found = store.of(state)
    number = found and found.of_layer(wanted.id)
    is_next = number is not None and (found.current == number or request.of(state) == _rollback(number))
    return {"generation": number, "next_boot": is_next}


def _next(seen, wanted, booted, number):
    if booted.persistence != "none" and not wanted.upper:
        return ()
    if booted.persistence == "upper":
        request.check_free(seen)
        return request.steps(seen, _rollback(number))
    # A session that is saved would be of the generation before.
    return (WriteFile(store.CURRENT, f"{number}\n"), *(session.disarm(seen) if session.is_kept(seen) else ()))


def _rollback(number):
    return f"rollback={number}"
