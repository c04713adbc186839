# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl save` prints of a result of the planner save."""

from __future__ import annotations


def lines(result):
    name = result["layer"]["id"]
    if result["next_boot"]:
        yield f"The next boot makes the upper the layer {name}."
    else:
        yield f"The layer {name} is in generation {result['generation']}."
