# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module subhost_info shows."""

from __future__ import annotations

from typing import NamedTuple

from .._core.state import Sight

ARGUMENTS = {"name": {"type": "str"}}


class Wanted(NamedTuple):
    name: str  # None: all


def wanted(params):
    return Wanted(params["name"])


def sight(wanted):
    return Sight(subhosts=True)


def show(state, wanted):
    running = sorted(state.subhosts.running.items())
    return {
        "subhosts": [
            {
                "name": name,
                "config": found.config,
                "live": found.live,
                "pid": found.init,
                "seconds": (state.uptime - found.since) // 100,
            }
            for name, found in running
            if wanted.name in (None, name)
        ]
    }
