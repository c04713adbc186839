# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Aligned columns, and what stands in them."""

from __future__ import annotations

_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")


def table(rows):
    """The lines of `rows`, of which each has as many cells; `-` stands where there is nothing to say."""
    cells = [[str(cell) if cell not in ("", None) else "-" for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def percent(part, whole):
    return f"{100 * part / whole:.0f}%" if whole else ""


def size(count):
    unit = 0
    while count >= 1024 and unit < len(_UNITS) - 1:
        count, unit = count / 1024, unit + 1
    return f"{count:.1f} {_UNITS[unit]}" if unit else f"{count} bytes"


def plain(line):
    """A line without what a terminal would obey, which names can hold."""
    return "".join(char if char.isprintable() or char == "\t" else _escaped(char) for char in line)


def _escaped(char):
    return char.encode("unicode_escape").decode("ascii")
