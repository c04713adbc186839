# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a command that changes the host."""

from __future__ import annotations


def lines(word, steps):
    for step in steps:
        aside = f" as {step['aside']}" if "aside" in step else ""
        yield f"{word}: {step['step'].replace('_', ' ')} {step['path']}{aside}"
