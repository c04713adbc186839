# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl fold` prints of a result of the planner fold."""

from __future__ import annotations


def lines(result):
    layers = ", ".join(result["layers"]) or "no layers: it is the bare base"
    yield f"Generation {result['generation']} has {layers}."
