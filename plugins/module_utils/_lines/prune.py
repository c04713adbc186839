# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl prune` prints of a result of the planner prune."""

from __future__ import annotations


def lines(result):
    kept = ", ".join(map(str, result["generations"]))
    yield f"Generations that are kept: {kept or 'none but the bare base'}."
