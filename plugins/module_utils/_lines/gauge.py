# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far something is, on one line of a terminal."""

from __future__ import annotations

from .table import percent, size

_LENGTH = 30


def gauge(doing, done, total, files):
    filled = "#" * (_LENGTH * done // total if total else 0)
    counted = f", {files} files" if files else ""
    return f"{doing:9} [{filled:{_LENGTH}}] {percent(done, total):>4} of {size(total)}{counted}"
