# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the making of a tree is, read while that is under way."""

from __future__ import annotations

import contextlib

from .._host import files
from . import content, progress


def progress_of(target):
    """(what is being done, bytes, all bytes, files) of what makes the link-free `target`; None where nothing is told."""
    above, _slash, name = target.rpartition("/")
    with contextlib.suppress(OSError, ValueError), files.folder(f"{above}/.{name}.new") as stage:
        report = content.open_file(stage, progress.NAME)
        with open(report, encoding="ascii") as stream:
            doing, *counts = stream.read(100).split()
        done, total, count = map(int, counts)
        return doing, done, total, count
    return None
