# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One gate, from its copy of the collection to its result."""

from __future__ import annotations

import subprocess
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import command, tree
from .checkout import Checkout
from .counts import Counts
from .gates import JUNIT, Gate, Step
from .report import Result


@dataclass(frozen=True)
class Worker:
    checkout: Checkout
    temporary: Path
    env: Mapping[str, str]
    deadline: float

    def __call__(self, gate: Gate) -> Result:
        start = time.monotonic()
        log = self.checkout.logs / f"{gate.name}.log"
        log.write_text("")
        try:
            verdict, counts = self._verdict(gate, log)
        except Exception:  # pylint: disable=broad-exception-caught
            # Whatever goes wrong in one gate, the others go on and the report is written.
            log.write_text(log.read_text() + traceback.format_exc())
            verdict, counts = "FAILED", Counts(failed=1)
        return Result(gate.name, verdict, time.monotonic() - start, counts)

    def _verdict(self, gate: Gate, log: Path) -> tuple[str, Counts]:
        if not self._can(gate.probe):
            return "skipped", Counts(skipped=1, reasons=(f"needs {gate.need}",))
        top = self.temporary / gate.name
        copied = tree.grow(self.checkout, top)
        env = {**self.env, **_private(top)}
        end = min(self.deadline, time.monotonic() + gate.minutes * 60)
        counts = Counts()
        for step in gate.steps:
            code, found = _take(step, log, end - time.monotonic(), copied, env)
            counts += found
            if code is None:
                self._rescue(gate, log, copied, env)
                return "TIMED OUT", counts
        return "FAILED" if counts.failed else "passed", counts

    def _can(self, probe: tuple[str, ...]) -> bool:
        try:
            return subprocess.run(probe, env=self.env, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return False

    @staticmethod
    def _rescue(gate: Gate, log: Path, copied: Path, env: Mapping[str, str]) -> None:
        for step in gate.rescue:
            command.run(step.argv, log, 120, copied, env)


def _private(top: Path) -> dict[str, str]:
    """Two gates must not meet: each has its own collections and its own state of molecule."""
    return {"ANSIBLE_COLLECTIONS_PATH": str(top), "MOLECULE_EPHEMERAL_DIRECTORY": str(top / "ephemeral")}


def _take(step: Step, log: Path, seconds: float, copied: Path, env: Mapping[str, str]) -> tuple[int | None, Counts]:
    for leftover in (copied / JUNIT).glob("*.xml"):
        leftover.unlink()
    (copied / JUNIT).mkdir(parents=True, exist_ok=True)
    code, output = command.run(step.argv, log, seconds, copied, env)
    return code, judged(code, step.count(copied, output))


def judged(code: int | None, counts: Counts) -> Counts:
    """A command that fails without a failed test, or passes without a test, counts as one."""
    if code != 0 and not counts.failed:
        return counts + Counts(failed=1)
    return counts or Counts(passed=1)
