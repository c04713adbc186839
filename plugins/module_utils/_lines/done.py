# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command that changes the host prints of its steps."""

from __future__ import annotations


def lines(steps, check):
    word = "to be done" if check else "done"
    for step in steps:
        yield f"{word}: {step['step'].replace('_', ' ')} {step['path']}"
