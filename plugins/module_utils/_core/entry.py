# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fstab entry of a union."""

from __future__ import annotations

import re

from .aufs import SWITCHES
from .errors import OverlayrootError
from .fstab import Entry
from .options import FLAGS, OPTIONS

_OWN = {"lowerdir", "upperdir", "workdir", *OPTIONS, *FLAGS}
_OWN_OF_AUFS = {"br", "udba", "xino", "noxino", *(no + name for name in SWITCHES for no in ("", "no"))}


def entry(table, union):
    """The Entry of a union. Options of the one in `table` that are not the union's (nofail,
    x-systemd.*) are kept."""
    return (_of_aufs if union.backend == "aufs" else _of_overlay)(table, union)


def _of_aufs(table, union):
    for path, _permission in union.listed():
        if re.search('[,:="]', path):
            raise OverlayrootError(
                f"branch {path}", "has one of , : = and \" in it, which an aufs entry of fstab cannot hold", "Rename the folder, or state fstab=false"
            )
    return Entry("none", union.path, "aufs", ",".join([union.fstab_options(), *_kept(table, union, _OWN_OF_AUFS)]), "0", "0")


def _of_overlay(table, union):
    for path in (*union.lower, union.upper or "", union.work or ""):
        # libmount takes the first for the start of a quotation, and the second for an escaped comma.
        if '"' in path or path.endswith("\\"):
            raise OverlayrootError(
                f"path {path}",
                "mount(8) cannot read a quotation mark, or a backslash at the end, in an overlay entry of fstab",
                "Rename the folder, or state fstab=false",
            )
    return Entry("overlay", union.path, "overlay", ",".join([union.mount_options(), *_kept(table, union, _OWN)]), "0", "0")


def _kept(table, union, own):
    old = table.find(union.path, union.fstype)
    options = re.findall(r"(?:[^,\\]|\\.)+", old.options if old else "", flags=re.DOTALL)
    return [option for option in options if re.split("[=:]", option)[0] not in own]
