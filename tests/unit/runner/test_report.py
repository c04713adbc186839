# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.labs.overlayroot.tests.runner import report
from ansible_collections.labs.overlayroot.tests.runner.counts import Counts
from ansible_collections.labs.overlayroot.tests.runner.report import Result

RESULTS = [
    Result("molecule-ram", "passed", 754.4, Counts(31)),
    Result("unit", "FAILED", 9.6, Counts(120, 2, 2, ("needs Linux", "needs Linux"))),
    Result("vm", "skipped", 0.0, Counts(0, 0, 1, ("needs qemu",))),
]


def test_table():
    assert report.table(RESULTS).splitlines() == [
        "gate          result   seconds  passed  failed  skipped",
        "molecule-ram  passed       754      31       0        0",
        "unit          FAILED        10     120       2        2",
        "vm            skipped        0       0       0        1",
    ]


def test_each_reason_is_told_once_a_gate():
    assert report.skips(RESULTS) == ["unit: 2 skipped: needs Linux", "vm: 1 skipped: needs qemu"]


def test_total():
    total = report.total(RESULTS)
    assert (total.passed, total.failed, total.skipped) == (151, 2, 3)


def test_closing_shows_the_trouble_and_ends_with_the_counts():
    failed = Result("lint", "FAILED", 3, Counts(4, 1, failures=("style: a line",)), "too long a line\n")
    lines = report.closing([*RESULTS, failed], 770).splitlines()
    assert lines[1:3] == ["--- lint ---", "too long a line"]
    assert lines[-3:] == ["lint: failed: style: a line", "4 gates took 770 s.", "155 passed, 3 failed, 3 skipped"]
