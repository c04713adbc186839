# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl save` prints of a result of the planner save."""

from __future__ import annotations

# So many are named.
_NAMED = 10


def lines(result):
    name = result["layer"]["id"]
    if result["next_boot"]:
        yield f"The next boot makes the upper the layer {name}."
    else:
        yield f"The layer {name} is in generation {result['generation']}."
        yield from _changed(result["layer"].get("changed", ()))


def _changed(paths):
    for path in paths[:_NAMED]:
        yield f"{path} was written to while it was copied, and may be neither as before nor as after."
    if len(paths) > _NAMED:
        yield f"So were {len(paths) - _NAMED} more; --json lists them."
