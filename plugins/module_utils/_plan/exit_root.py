# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exit root is made ready for a host that goes down."""

from __future__ import annotations

from .._core import exit_root, layout, mountinfo, store
from .._core.errors import OverlayrootError
from .._core.state import Sight
from .._core.steps import Bind, MakeDir, Mount, WriteFile
from . import save

ARGUMENTS = {}
RULES = {}

_USR = layout.BASE + "/usr"
_SCRIPT = f'#!/bin/sh\nexec {exit_root.HALT} "$@"\n'


def wanted(params):
    """Nothing to choose."""


def asked(wanted):
    """Nothing is destroyed here."""
    return ()


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    union = exit_root.union(())
    return Sight(
        paths=(union.upper, union.work, exit_root.SCRATCH, exit_root.STAGE, exit_root.PATH),
        files=(layout.RECORD,),
        folders=store.FOLDERS,
        layers=True,
    )


def plan(seen, wanted):
    if exit_root.is_made(seen):
        return ()
    store.needed(seen)
    if seen.paths[exit_root.SCRATCH].kind:
        raise OverlayrootError(exit_root.SCRATCH, "is left from another shutdown", "Boot the host, which removes it")
    union = exit_root.union(seen.kernel)
    folders = (union.path, exit_root.SCRATCH, union.upper, union.work)
    return (
        *save.copied_up(seen),
        *(MakeDir(path) for path in folders if path != union.path or not seen.paths[path].kind),
        Mount(union),
        MakeDir(union.path + exit_root.OLD_ROOT),
        # A union shows nothing of what is mounted in its layers.
        *((Bind(_USR, union.path + "/usr"),) if mountinfo.at(seen.mounts, _USR) else ()),
        WriteFile(union.path + exit_root.SCRIPT, _SCRIPT, 0o755),
        Bind(union.path, exit_root.PATH),
    )


def check_apply(seen, steps):
    """It may always be made."""


def show(state, wanted):
    return {"exit_root": exit_root.PATH if exit_root.is_made(state) else None}
