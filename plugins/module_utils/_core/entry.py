# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fstab entry of a union."""

from __future__ import annotations

import re

from .errors import OverlayrootError
from .fstab import Entry
from .options import FLAGS, OPTIONS

_OWN = {"lowerdir", "upperdir", "workdir", *OPTIONS, *FLAGS}


def entry(table, union):
    """The Entry of a union. Options of the one in `table` that are not the union's (nofail,
    x-systemd.*) are kept."""
    for path in (*union.lower, union.upper or "", union.work or ""):
        # libmount takes the first for the start of a quotation, and the second for an escaped comma.
        if '"' in path or path.endswith("\\"):
            raise OverlayrootError(
                f"path {path}",
                "mount(8) cannot read a quotation mark, or a backslash at the end, in an overlay entry of fstab",
                "Rename the folder, or state fstab=false",
            )
    old = table.find(union.path, "overlay")
    options = re.findall(r"(?:[^,\\]|\\.)+", old.options if old else "", flags=re.DOTALL)
    kept = [option for option in options if option.partition("=")[0] not in _OWN]
    return Entry("overlay", union.path, "overlay", ",".join([union.mount_options(), *kept]), "0", "0")
