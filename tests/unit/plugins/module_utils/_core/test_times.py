# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import times


@pytest.mark.parametrize(
    "days, expected",
    [(0, "2026-03-01T08:00:00Z"), (1, "2026-02-28T08:00:00Z"), (365, "2025-03-01T08:00:00Z"), (10**6, "")],
)
def test_days_before(days, expected):
    assert times.days_before("2026-03-01T08:00:00Z", days) == expected
