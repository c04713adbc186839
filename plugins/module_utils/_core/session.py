# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The session: what was written since the last boot, where it is saved when the host goes down."""

from __future__ import annotations

import json

from . import layout, record, store
from .errors import OverlayrootError
from .steps import RemoveFile, WriteFile

# While it is there, nothing is saved.
DISCARD = layout.PUBLIC + "/discard"
# While it is there, it is saved before the host leaves its root, and is a layer after the next boot.
INDIRECT = layout.PUBLIC + "/indirect"
FILES = (layout.RECORD, DISCARD, INDIRECT)

# In the folder boot of the store: what the last shutdown noted about it.
_REPORT = "session"


def is_kept(state):
    """Whether what is written to this host is to last, though it is in RAM."""
    file = state.files[layout.RECORD]
    return file is not None and record.values(file.content).get("persistence") == "session"


def is_armed(state):
    """Whether it is to be saved when the host goes down."""
    return is_kept(state) and state.files[DISCARD] is None


def is_indirect(state):
    """Whether it is to be saved in two steps then."""
    return state.files[INDIRECT] is not None


def report(state):
    """What became of the last one, None where nothing is noted."""
    try:
        noted = json.loads((state.folders[store.BOOT] or {}).get(_REPORT) or "")
        return {
            "result": noted["result"],
            "began": noted["began"],
            "seconds": noted["seconds"],
            **_saved(noted),
            "targets": [{"name": one["name"], "result": one["result"], **_saved(one)} for one in noted.get("targets", ())],
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        # Power was lost while it was written.
        return None


def _saved(noted):
    """What the command told that was to save something."""
    told = noted.get("told") or {}
    layer = told.get("layer", {})
    return {
        "layer": layer.get("id", ""),
        "files": layer.get("files", 0),
        "bytes": layer.get("bytes", 0),
        "problem": told.get("msg", ""),
    }


def arm(state, is_indirect):
    """The steps after which it is to be saved, in this way."""
    return (*_marked(state, DISCARD, False), *_marked(state, INDIRECT, is_indirect))


def disarm(state):
    """The steps after which it is to be discarded."""
    return _marked(state, DISCARD, True)


def _marked(state, path, is_wanted):
    """The steps after which a mark is there, or is not."""
    _check(state)
    if (state.files[path] is not None) == is_wanted:
        return ()
    return (WriteFile(path, "") if is_wanted else RemoveFile(path),)


def _check(state):
    booted = record.of(state)
    if booted.persistence != "session":
        raise OverlayrootError(
            "this host", f"runs with the persistence {booted.persistence}", "Provision it with overlayroot_persistence: session"
        )
