# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading

from ansible_collections.labs.overlayroot.tests.runner import schedule
from ansible_collections.labs.overlayroot.tests.runner.counts import Counts
from ansible_collections.labs.overlayroot.tests.runner.gate import Gate
from ansible_collections.labs.overlayroot.tests.runner.report import Result


def gate(name, guests=0):
    return Gate(name, minutes=1, steps=(), guests=guests)


def test_no_more_gates_than_jobs():
    assert schedule.may_start(gate("c"), [gate("a")], jobs=2)
    assert not schedule.may_start(gate("c"), [gate("a"), gate("b")], jobs=2)


def test_no_more_than_three_guests():
    running = [gate("a", guests=2), gate("b", guests=1)]
    assert not schedule.may_start(gate("c", guests=1), running, jobs=8)
    assert schedule.may_start(gate("lint"), running, jobs=8)
    assert not schedule.may_start(gate("wide", guests=2), running[:1], jobs=8)
    assert schedule.may_start(gate("wide", guests=2), running[1:], jobs=8)


def test_results_come_in_the_order_of_the_gates():
    second_is_done = threading.Event()
    told = []

    def work(this):
        if this.name == "first":
            second_is_done.wait(10)
        else:
            second_is_done.set()
        return Result(this.name, "passed", 0, Counts(1))

    results = schedule.run([gate("first"), gate("second")], 2, work, told.append)
    assert [result.gate for result in results] == ["first", "second"]
    assert told[:2] == ["first: started", "second: started"]
    assert sorted(told[2:]) == [
        "first: passed after 0 s (1 passed, 0 failed, 0 skipped)",
        "second: passed after 0 s (1 passed, 0 failed, 0 skipped)",
    ]
