# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many tests passed, failed and were skipped, read from what the tools leave behind."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from xml.etree import ElementTree

SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)
TAP = re.compile(r"^(ok|not ok)\b(?:.*# skip\b *(.*))?", re.MULTILINE | re.IGNORECASE)
INTEGRATION_TARGET = re.compile(r"^Running \S+ integration test ", re.MULTILINE)
INTEGRATION_FAILED = re.compile(r"^FATAL: The (\d+) integration test", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[\d;]*m")
PYTEST_END = re.compile(r"^=+ (.*) in \d+\.\d+s.* =+$", re.MULTILINE)
PYTEST_WORD = re.compile(r"(\d+) (passed|failed|error|skipped)")
PYTEST_SKIP = re.compile(r"^SKIPPED \[\d+\] (.*)$", re.MULTILINE)
MOLECULE_STEP = re.compile(r"^\w+ +\[\S+ > (\w+)\] Executed: (Successful|Failed|Missing)", re.MULTILINE)
MOLECULE_UNTESTED = "Skipping, no tests found."


@dataclass(frozen=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    reasons: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.reasons + other.reasons,
            self.failures + other.failures,
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    def __bool__(self) -> bool:
        return bool(self.passed or self.failed or self.skipped)


def junit(text: str) -> Counts:
    """The test cases of one junit file."""
    return sum(map(_case, ElementTree.fromstring(text).iter("testcase")), Counts())


def _case(case: ElementTree.Element) -> Counts:
    for found in (case.find("failure"), case.find("error")):
        if found is not None:
            return Counts(failed=1, failures=(f"{case.get('name')}: {_first_line(found)}",))
    skipped = case.find("skipped")
    if skipped is not None:
        reason = skipped.get("message") or f"{case.get('name')}: {skipped.text}"
        return Counts(skipped=1, reasons=(reason,))
    return Counts(passed=1)


def _first_line(failure: ElementTree.Element) -> str:
    return (failure.get("message") or failure.text or "").strip().partition("\n")[0]


def integration(output: str) -> Counts:
    """The targets of ansible-test integration; its junit files take rescued tasks for failed ones."""
    targets = len(INTEGRATION_TARGET.findall(output))
    failed = sum(map(int, INTEGRATION_FAILED.findall(output)))
    return Counts(targets - failed, failed)


def shell(output: str) -> Counts:
    """The TAP lines of a shell test, or the closing lines of a script that counts by itself."""
    lines = TAP.findall(output)
    if not lines:
        return sum((Counts(*map(int, numbers)) for numbers in SUMMARY.findall(output)), Counts())
    skips = tuple(reason for word, reason in lines if reason)
    failed = sum(word.lower() == "not ok" for word, reason in lines if not reason)
    return Counts(len(lines) - failed - len(skips), failed, len(skips), skips)


def molecule(output: str) -> Counts:
    """The steps of a scenario, with the tests of each verify step in that step's place."""
    output = COLOUR.sub("", output)
    steps = [_step(word) for action, word in MOLECULE_STEP.findall(output) if action not in ("verify", "cleanup")]
    tests = [_ending(words) for words in PYTEST_END.findall(output)]
    untested = Counts(failed=output.count(MOLECULE_UNTESTED))
    return sum([*steps, *tests, untested], Counts(reasons=tuple(PYTEST_SKIP.findall(output))))


def _step(word: str) -> Counts:
    # Molecule goes on when the playbook of a step is missing; a test that never ran did not pass.
    return Counts(passed=1) if word == "Successful" else Counts(failed=1)


def _ending(words: str) -> Counts:
    found = Counter({word: int(number) for number, word in PYTEST_WORD.findall(words)})
    return Counts(found["passed"], found["failed"] + found["error"], found["skipped"])
