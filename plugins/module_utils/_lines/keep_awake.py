# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl keep-awake` prints of a result of the planner keep_awake."""

from __future__ import annotations


def lines(result):
    kept = "goes on when it is asked for something" if result["awake"] else "stays stopped, whatever it is asked for"
    yield f"Process {result['process']} {kept}."
