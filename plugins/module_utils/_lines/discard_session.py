# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl discard-session` prints of a result of the planner pivot_save."""

from __future__ import annotations


def lines(result):
    becomes = "saved" if result["armed"] else "discarded"
    yield f"The session is {becomes} when the host goes down."
