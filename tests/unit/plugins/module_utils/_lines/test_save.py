# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._lines import save


def lines(next_boot=False, **about):
    return list(save.lines({"layer": {"id": "a", **about}, "generation": 3, "next_boot": next_boot}))


@pytest.mark.parametrize("about", [{}, {"changed": []}])
def test_what_was_saved(about):
    assert lines(**about) == ["The layer a is in generation 3."]
    assert lines(next_boot=True, **about) == ["The next boot makes the upper the layer a."]


@pytest.mark.parametrize("count, named, more", [(1, 1, []), (10, 10, []), (12, 10, ["So were 2 more; --json lists them."])])
def test_what_was_written_to_meanwhile(count, named, more):
    said = lines(changed=[f"/{number}" for number in range(count)])
    assert said[1:] == [
        *(f"/{number} was written to while it was copied, and may be neither as before nor as after." for number in range(named)),
        *more,
    ]
