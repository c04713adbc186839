# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._lines.gauge import gauge


@pytest.mark.parametrize(
    "done, total, filled, share",
    [(0, 1024, 0, "  0%"), (512, 1024, 15, " 50%"), (1024, 1024, 30, "100%"), (0, 0, 0, "    ")],
)
def test_gauges(done, total, filled, share):
    assert gauge("reading", done, total, 0) == f"reading   [{'#' * filled}{' ' * (30 - filled)}] {share} of {'1.0 KiB' if total else '0 bytes'}"


def test_files_where_they_are_counted():
    assert gauge("copying", 0, 1024, 7).endswith("  0% of 1.0 KiB, 7 files")
