# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl mkinitrd` prints of a result of the planner mkinitrd."""

from __future__ import annotations


def lines(result):
    made = result["initrd"]
    yield f"The image is {made['path']}, for the kernel {made['kernel']}."
