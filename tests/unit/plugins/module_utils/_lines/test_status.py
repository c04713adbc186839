# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._lines import status

PROTECTED = {"protected": True, "reason": "", "backend": "overlay"}
LACKING = [{"kernel": "6.1", "lacking": []}, {"kernel": "6.12", "lacking": ["the boot script", "kernel module overlay"]}]
USAGE = {"size_bytes": 4096, "used_bytes": 1024, "inodes": 0, "inodes_used": 0}


def result(root=None, initramfs=(), unions=()):
    return {"root": root, "initramfs": initramfs, "unions": unions, "store": None}


@pytest.mark.parametrize(
    "found, is_problem",
    [
        (result(), False),
        (result(PROTECTED, LACKING[:1]), False),
        (result(PROTECTED, LACKING), True),
        (result({"protected": False, "reason": "no disk"}), True),
    ],
)
def test_problems(found, is_problem):
    assert status.is_problem(found) == is_problem


def test_a_kernel_that_would_not_start_the_union():
    assert list(status.lines(result(PROTECTED, LACKING))) == [
        "protected  yes",
        "backend    overlay",
        "The initramfs of 6.12 lacks the boot script, kernel module overlay.",
    ]


def test_unions():
    unions = [
        {"path": "/a", "backend": "overlay", "upper": "/u", "usage": USAGE},
        {"path": "/b", "backend": "overlay", "upper": None, "usage": None},
    ]
    assert list(status.lines(result(unions=unions)))[2:] == [
        "union  backend  used            files  upper",
        "/a     overlay  25% of 4.0 KiB  -      /u",
        "/b     overlay  -               -      read-only",
    ]
