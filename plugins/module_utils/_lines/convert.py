# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl convert` prints of a result of the planner convert."""

from __future__ import annotations


def lines(result):
    yield f"{result['path'] or 'Nothing yet'} is what the other backend reads."
