# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._lines import commit

SIZES = {"bytes": 4096, "inodes": 1, "needed": 4096, "available": 8192}
IMAGE = {"path": "/srv/new", "holds": "the source", "size": None}


@pytest.mark.parametrize(
    ("more", "last"),
    [
        ({"generation": 3, "next_boot": True}, "Generation 3 stands on it. The next boot goes there."),
        ({"generation": 3, "next_boot": False}, "Generation 3 stands on it. overlayrootctl rollback 3 goes there."),
        ({"generation": None, "next_boot": False}, "length -"),
        ({}, "length -"),
    ],
)
def test_where_the_image_is_booted(more, last):
    *_others, said = commit.lines({"sizes": SIZES, "image": IMAGE, "unfit": [], **more})
    assert " ".join(said.split()) == last
