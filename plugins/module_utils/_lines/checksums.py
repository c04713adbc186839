# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl checksums` prints of a result of the planner checksums."""

from __future__ import annotations


def lines(result):
    for name in result["lacking"]:
        yield f"The layer {name} has no checksum."
    if not result["lacking"]:
        yield "Every layer has its checksum."
