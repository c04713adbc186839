# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl commit` prints of a result of union_commit."""

from __future__ import annotations

from .table import size, table


def lines(result):
    sizes, image = result["sizes"], result["image"]
    yield from table(
        [
            ("source", f"{size(sizes['bytes'])} in {sizes['inodes']} files"),
            ("needed", size(sizes["needed"])),
            ("available", size(sizes["available"])),
            *(("unfit", f"{unfit['attribute']} of {unfit['path']}") for unfit in result["unfit"]),
            ("target", image["path"]),
            ("holds", image["holds"]),
            ("length", "" if image["size"] is None else size(image["size"])),
        ]
    )
    number = result.get("generation")
    if number is not None:
        way = "The next boot goes there" if result["next_boot"] else f"overlayrootctl rollback {number} goes there"
        yield f"Generation {number} stands on it. {way}."
