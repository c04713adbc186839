# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._lines import status

PROTECTED = {"protected": True, "reason": "", "backend": "overlay"}
LACKING = [{"kernel": "6.1", "lacking": []}, {"kernel": "6.12", "lacking": ["the boot script", "kernel module overlay"]}]
USAGE = {"size_bytes": 4096, "used_bytes": 1024, "inodes": 0, "inodes_used": 0}


def result(root=None, initramfs=(), unions=(), session=None):
    return {"root": root, "initramfs": initramfs, "unions": unions, "store": None, "session": session}


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


@pytest.mark.parametrize(
    "found, line",
    [
        ({"result": "saved", "files": 2, "bytes": 2048, "seconds": 3}, "is saved: 2 files, 2.0 KiB, in 3 s."),
        ({"result": "transit", "files": 0, "bytes": 0, "seconds": 1}, "is saved: 0 files, 0 bytes, in 1 s."),
        ({"result": "discarded"}, "was discarded, as was asked for."),
        ({"result": "lost", "problem": "layer x: no room."}, "is lost: layer x: no room."),
        ({"result": "lost", "problem": ""}, "is lost: its console said why."),
        ({"result": "begun"}, "is lost: the shutdown was cut off while it saved."),
    ],
)
def test_the_last_session(found, line):
    session = {"began": "2026-11-21T08:00:00Z", "targets": [], **found}
    assert list(status.lines(result(PROTECTED, session=session)))[-1] == "The session that ended 2026-11-21T08:00:00Z " + line


@pytest.mark.parametrize(
    "found, line",
    [
        ({"result": "saved", "files": 2, "bytes": 2048}, "Target web is saved: 2 files, 2.0 KiB."),
        ({"result": "unchanged"}, "Target web: nothing was written."),
        ({"result": "lost", "problem": "layer x: no room."}, "Target web is lost: layer x: no room."),
        ({"result": "lost", "problem": ""}, "Target web is lost: its console said why."),
    ],
)
def test_targets(found, line):
    session = {"result": "discarded", "began": "", "targets": [{"name": "web", **found}]}
    assert list(status.lines(result(PROTECTED, session=session)))[-1] == line
