# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches of aufs.

Source: aufs(5), and fs/aufs/whout.c.
"""

from __future__ import annotations

from .folder import HIDDEN, PLAIN, WHITEOUT, Folder, Marks

_PREFIX = ".wh."
_OPAQUE = ".wh..wh..opq"


class Aufs(Folder):
    """Names with the prefix are none of the user's: a whiteout, or with the prefix twice, bookkeeping."""

    __slots__ = ()

    def look(self, name):
        if name.startswith(_PREFIX):
            return None
        status = super().look(name)
        if status is None and super().look(_PREFIX + name) is not None:
            return WHITEOUT
        return status

    def names(self):
        found = super().names()
        hidden = [name[len(_PREFIX) :] for name in found if name.startswith(_PREFIX) and not name.startswith(_PREFIX * 2)]
        shown = {name: kind for name, kind in found.items() if not name.startswith(_PREFIX)}
        return {**dict.fromkeys(hidden, HIDDEN), **shown}

    def is_own(self, name):
        return name.startswith(_PREFIX * 2) and name != _OPAQUE

    def own_marks(self):
        return PLAIN if super().look(_OPAQUE) is None else Marks(opaque=True)
