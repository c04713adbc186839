# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl diff` prints of a result of union_diff."""

from __future__ import annotations

from .table import table


def lines(result):
    if result["changes"]:
        yield from table([("kind", "type", "path", "differs in"), *map(_change, result["changes"])])
        yield ""
    counts = [f"{count} {kind}" for kind, count in result["counts"].items() if count]
    yield f"{result['total']} changes{': ' if counts else ''}{', '.join(counts)}"
    if result["truncated"]:
        yield f"Only {len(result['changes'])} are listed; --limit lists more."
    for path, text in result["text"].items():
        yield ""
        yield from text.rstrip("\n").split("\n") if text else (f"{path}: its text does not differ",)


def _change(change):
    was = [f"was {change['was']}"] if "was" in change else []
    return (change["kind"], change["type"], change["path"], ", ".join(was + change.get("attributes", [])))
