# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl reset` and `rollback` print of a result of union_reset."""

from __future__ import annotations


def lines(result):
    reset = result["reset"]
    if "request" not in reset:
        yield f"The upper of {reset['path']} is {'new' if reset['upper_empty'] else 'as it was'}."
    elif reset["request"]:
        yield f"The next boot is asked for {', '.join(reset['request'].splitlines())}."
    else:
        yield "Nothing has to be asked of the next boot."
    if reset.get("discards_session"):
        yield "This session is not saved when the host goes down."
    if reset.get("snapshot"):
        yield f"What was written is kept as the layer {reset['snapshot']}."
