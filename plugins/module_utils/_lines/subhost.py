# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The subhosts that run, the one that was started or stopped, or the session of one."""

from __future__ import annotations

from . import diff, generations
from .table import table


def lines(result):
    if "compared" in result:
        yield from diff.lines(result)
    elif "current" in result:
        yield from generations.lines(result)
    elif "subhost" in result:
        found = result["subhost"]
        yield f"The subhost {found['name']} {'runs' if found['running'] else 'does not run'}."
    elif result["subhosts"]:
        rows = [(found["name"], found["pid"], found["live"], found["config"]) for found in result["subhosts"]]
        yield from table([("subhost", "pid", "root", "configuration"), *rows])
