# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.tests.runner import counts
from ansible_collections.labs.overlayroot.tests.runner.counts import Counts

JUNIT = """\
<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite>
  <testcase name="good"/>
  <testcase name="bad"><failure message="1 != 2&#10;more">trace</failure></testcase>
  <testcase name="broken"><error message="no fixture"/></testcase>
  <testcase name="not here"><skipped message="needs root"/></testcase>
  <testcase name="mypy"><skipped>No tests applicable.</skipped></testcase>
</testsuite></testsuites>
"""

# As molecule writes it, colours included, where it is told to use none.
MOLECULE = """\
INFO     [ram > destroy] Executed: Successful
INFO     [ram > converge] Executing
INFO     [ram > converge] Executed: Successful
WARNING  [ram > side_effect] Executed: Missing playbook (Remove from test_sequence to suppress)
INFO     [ram > verify] Executing Testinfra tests found in /tmp/ram/tests/...
SKIPPED [1] tests/test_union.py:4: no IPv6 here
================ 3 passed, 1 skipped in 0.65s ================
INFO     [ram > verify] Verifier completed successfully.
INFO     [ram > verify] Executed: Successful
WARNING  [ram > verify] Skipping, no tests found.
=========== 1 failed, 2 passed, 1 error in 75.10s (0:01:15) ===========
ERROR    [ram > verify] \x1b[31mExecuted: Failed\x1b[0m
WARNING  [ram > cleanup] Executed: Missing playbook (Remove from test_sequence to suppress)
ERROR    [ram > destroy] \x1b[31mExecuted: Failed\x1b[0m
"""


def test_junit_tells_failures_and_errors_from_skips():
    skipped, failed = ("needs root", "mypy: No tests applicable."), ("bad: 1 != 2", "broken: no fixture")
    assert counts.junit(JUNIT) == Counts(1, 2, 2, skipped, failed)


def test_junit_of_no_tests_is_nothing():
    assert not counts.junit("<testsuites/>")


def test_a_target_of_integration_counts_once():
    output = "Running alpha integration test role\nRunning beta integration test script\n"
    assert counts.integration(output) == Counts(2)
    failed = "FATAL: The 1 integration test(s) listed below (out of 2) failed.\nbeta\n"
    assert counts.integration(output + failed) == Counts(1, 1)


def test_molecule_counts_steps_and_the_tests_of_verify():
    assert counts.molecule(MOLECULE) == Counts(7, 5, 1, ("tests/test_union.py:4: no IPv6 here",))


@pytest.mark.parametrize(
    "output, expected",
    [
        ("1..2\nok 1 - mounts\nnot ok 2 - unmounts\n", Counts(1, 1, 0)),
        ("ok 1 # SKIP no busybox\nok 2 - skips nothing\n", Counts(1, 0, 1, ("no busybox",))),
        ("not ok 1 # skip later\n", Counts(0, 0, 1, ("later",))),
        ("dash\n12 passed, 1 failed, 2 skipped\nbusybox\n13 passed, 0 failed, 2 skipped\n", Counts(25, 1, 4)),
        ("okay then\nnothing here is a result\n", Counts()),
    ],
)
def test_shell(output, expected):
    assert counts.shell(output) == expected


def test_counts_add_up_and_read_as_the_last_line():
    assert str(Counts(1, 2, 3) + Counts(10, 20, 30)) == "11 passed, 22 failed, 33 skipped"
