# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two trees that are seen through layers, and are compared."""

from __future__ import annotations

from typing import NamedTuple


class Part(NamedTuple):
    """What both hold on one file system: its layers in each of them, the topmost first."""

    path: str  # where it is in the trees
    new: tuple
    old: tuple


def common_end(new, old):
    """The layers, or folders of layers, that both end with."""
    count = 0
    for one, other in zip(reversed(new), reversed(old)):
        if one != other:
            break
        count += 1
    return new[len(new) - count :]


class Comparison(NamedTuple):
    parts: tuple  # of Part, with link-free paths for layers; that of the root first
    format: str
    new: str = "now"  # what the trees are called
    old: str = "below"

    def show(self):
        parts = [{"path": part.path, "new": list(part.new), "old": list(part.old)} for part in self.parts]
        return {"new": self.new, "old": self.old, "file_systems": parts}
