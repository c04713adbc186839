# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shlex
import threading
import time

import pytest
from ansible_collections.labs.overlayroot.tests.runner import command, tree
from ansible_collections.labs.overlayroot.tests.runner.checkout import Checkout
from ansible_collections.labs.overlayroot.tests.runner.counts import Counts
from ansible_collections.labs.overlayroot.tests.runner.gate import Gate, Step, from_exit, from_shell
from ansible_collections.labs.overlayroot.tests.runner.work import Worker, judged


@pytest.fixture(name="worker")
def fixture_worker(tmp_path, monkeypatch):
    def grow(_checkout, top):
        top.mkdir(parents=True)
        return top

    monkeypatch.setattr(tree, "grow", grow)
    checkout = Checkout(tmp_path)
    checkout.logs.mkdir(parents=True)
    return Worker(checkout, tmp_path / "temporary", dict(os.environ), time.monotonic() + 60)


def shell(script, count=from_exit):
    return Step(f"sh -c {shlex.quote(script)}", count)


def test_steps_add_up_and_are_logged(worker):
    result = worker(Gate("g", 1, (shell("echo ok 1; echo ok 2", from_shell), shell("exit 3"))))
    assert (result.verdict, result.counts) == ("FAILED", Counts(2, 1))
    assert "ok 2" in (worker.checkout.logs / "g.log").read_text()
    assert "exit 3" in result.trouble and "ok 2" not in result.trouble


def test_a_gate_that_cannot_run_says_why(worker):
    result = worker(Gate("g", 1, (shell("exit 1"),), probe="no-such-program", need="a program"))
    assert (result.verdict, result.counts) == ("skipped", Counts(skipped=1, reasons=("needs a program",)))


def test_an_interrupt_lets_a_command_tidy_up_and_starts_no_other(worker, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "stopping", threading.Event())
    timer = threading.Timer(1, command.stop)
    timer.start()
    tidy = shell(f"trap 'touch {tmp_path}/tidy; exit 1' INT; sleep 60 & wait")
    result = worker(Gate("g", 1, (tidy, shell("echo ok 1", from_shell)), rescue=(shell(f"touch {tmp_path}/rescued"),)))
    assert (result.verdict, result.counts) == ("STOPPED", Counts(failed=1))
    assert (tmp_path / "tidy").exists() and (tmp_path / "rescued").exists()


def test_time_out_ends_the_whole_group_and_rescues(worker, tmp_path, monkeypatch):
    monkeypatch.setattr(command, "GRACE", 0.5)
    stubborn = shell(f"trap '' INT; (sleep 2; touch {tmp_path}/left) & sleep 60")
    result = worker(Gate("g", 0.005, (stubborn,), rescue=(shell(f"touch {tmp_path}/rescued"),)))
    assert (result.verdict, result.counts) == ("TIMED OUT", Counts(failed=1))
    assert (tmp_path / "rescued").exists()
    time.sleep(2)
    assert not (tmp_path / "left").exists()


def test_an_exception_fails_the_gate_and_is_logged(worker):
    def broken(_tree, _output):
        raise ValueError("unreadable")

    result = worker(Gate("g", 1, (shell("true", broken),)))
    assert (result.verdict, result.counts) == ("FAILED", Counts(failed=1))
    assert "unreadable" in result.trouble


@pytest.mark.parametrize(
    "code, found, expected",
    [
        (0, Counts(), Counts(passed=1)),
        (0, Counts(3), Counts(3)),
        (1, Counts(), Counts(failed=1)),
        (1, Counts(3, 2), Counts(3, 2)),
        (1, Counts(3), Counts(3, 1)),
        (None, Counts(3), Counts(3, 1)),
    ],
)
def test_the_exit_code_counts_where_the_tests_do_not_tell(code, found, expected):
    assert judged(code, found) == expected
