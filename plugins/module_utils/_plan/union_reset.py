# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module union_reset wants, and the steps to it."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from .._core import layout, store
from .._core.errors import OverlayrootError
from .._core.paths import clean
from .._core.plan import Within
from . import reset_kept, reset_next_boot, reset_now

ARGUMENTS = {
    "path": {"type": "str", "default": "/"},
    "when": {"type": "str", "choices": ["now", "next_boot", "never"], "required": True},
    "method": {"type": "str", "choices": ["discard", "snapshot", "mkfs"], "default": "discard"},
    "id": {"type": "str"},
    "discard_saved": {"type": "bool", "default": False},
    "generation": {"type": "str"},
    "keep": {"type": "list", "elements": "str", "default": []},
}
RULES = {}


class Wanted(NamedTuple):
    path: str
    when: str
    method: str
    id: str  # of a snapshot; None: by its time
    discard_saved: bool  # a new file system may take the place of what was saved
    generation: str  # a number, or "previous"; None: the one that is booted anyway
    keep: tuple  # paths


def wanted(params):
    path, when, method, generation = clean(params["path"]), params["when"], params["method"], params["generation"]
    if path == "/" and when == "now":
        raise OverlayrootError("path /", "the root is in use until the host goes down", "Use when: next_boot")
    if path != "/" and when != "now":
        raise OverlayrootError(f"path {path}", "the boot hook resets the root, and all with it", "Use when: now, or path: /")
    if generation is not None and when != "next_boot":
        raise OverlayrootError(f"generation {generation}", "is for the next boot to go to", "Use when: next_boot")
    if generation not in (None, reset_next_boot.PREVIOUS) and not generation.isdecimal():
        raise OverlayrootError(f"generation {generation}", "is no number", f"Give its number, or {reset_next_boot.PREVIOUS}")
    _check_method(params)
    keep = reset_kept.paths(params["keep"], path, when, generation)
    return Wanted(path, when, method, params["id"], params["discard_saved"], generation, keep)


def _check_method(params):
    method, when, name = params["method"], params["when"], params["id"]
    if method != "discard" and when == "never":
        raise OverlayrootError(f"method {method}", "is how a union is reset", "Leave it out")
    if method != "discard" and params["keep"]:
        raise OverlayrootError(f"method {method}", "takes the upper off whole", "Leave keep out, or use method: discard")
    if method == "mkfs" and params["generation"] is not None:
        raise OverlayrootError("method mkfs", "leaves no generation but the bare base", "Leave generation out")
    if method != "mkfs" and params["discard_saved"]:
        raise OverlayrootError("discard_saved", "is for a new file system", "Use method: mkfs")
    if name is not None:
        if method != "snapshot":
            raise OverlayrootError(f"id {name}", "is the name of a snapshot", "Use method: snapshot")
        store.check_id(name)


def asked(wanted):
    """The upper of the union may go, what was noted about a layer that is not made after all, what the host is configured
    to give up, and what says that a session is not to be saved."""
    return (wanted.path,) if wanted.when == "now" else Within(store.GENERATIONS, store.LAYERS, layout.PUBLIC)


def locked(wanted):
    return (*layout.LOCKED, posixpath.dirname(wanted.path))


def sight(wanted):
    return _of(wanted).sight(wanted)


def plan(seen, wanted):
    return _of(wanted).plan(seen, wanted)


def check_apply(seen, steps):
    """Where the union is in use, its Unmount fails before anything is lost."""


def show(state, wanted):
    return {"reset": _of(wanted).show(state, wanted)}


def _of(wanted):
    return reset_now if wanted.when == "now" else reset_next_boot
