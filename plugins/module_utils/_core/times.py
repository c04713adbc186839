# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as they are noted: in UTC, as 2026-11-21T08:00:00Z. An earlier one is the smaller text."""

from __future__ import annotations

from datetime import datetime, timedelta

FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def days_before(time, days):
    """Empty where there was no such day."""
    try:
        return (datetime.strptime(time, FORMAT) - timedelta(days)).strftime(FORMAT)
    except OverflowError:
        return ""
