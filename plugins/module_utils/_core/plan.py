# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans: tuples of steps."""

from __future__ import annotations

from .errors import OverlayrootError
from .steps import MADE_FROM_FILES


def simulate(state, steps):
    """The State after `steps`."""
    for step in steps:
        state = step.simulate(state)
    return state


def check(steps, asked):
    """Refuse a step that destroys something, unless its path is one of `asked`."""
    for step in steps:
        if step.destroys and step.path not in asked:
            raise OverlayrootError(step.path, "would be destroyed, which was not asked for", "Name it to allow that")


class Within:
    """All that lies in some folders, for `asked`."""

    def __init__(self, *folders):
        self.folders = tuple(folder + "/" for folder in folders)

    def __contains__(self, path):
        return path.startswith(self.folders)


def undo(before, steps):
    """The steps that take `steps` back, the last one first, and what is made from files once these
    are back. `before` is the State before them."""
    undoing = ()
    for step in steps:
        undoing = tuple(step.undo(before)) + undoing
        before = step.simulate(before)
    return tuple(sorted(undoing, key=lambda step: isinstance(step, MADE_FROM_FILES)))
