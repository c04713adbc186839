# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One gate, from its copy of the collection to its result."""

from __future__ import annotations

import shlex
import subprocess
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from . import command, tree
from .checkout import Checkout
from .command import Place
from .counts import Counts
from .gate import JUNIT, Gate, Step
from .report import Result

RESCUE_SECONDS = 120
EXCERPT_LINES = 40


@dataclass(frozen=True)
class Worker:
    checkout: Checkout
    temporary: Path
    env: Mapping[str, str]
    deadline: float

    def __call__(self, gate: Gate) -> Result:
        start = time.monotonic()
        try:
            verdict, counts, trouble = self._run(gate)
        except Exception:  # pylint: disable=broad-exception-caught
            # Whatever goes wrong in one gate, the others go on and the report is written.
            verdict, counts, trouble = "FAILED", Counts(failed=1), traceback.format_exc()
        return Result(gate.name, verdict, time.monotonic() - start, counts, trouble)

    def _run(self, gate: Gate) -> tuple[str, Counts, str]:
        if not self._can(gate.probe):
            return "skipped", Counts(skipped=1, reasons=(f"needs {gate.need}",)), ""
        place = self._place(gate)
        end = min(self.deadline, time.monotonic() + gate.minutes * 60)
        counts, trouble = Counts(), ""
        for step in gate.steps:
            code, found, said = _take(step, place, end - time.monotonic())
            counts, trouble = counts + found, trouble + said
            if code is None or command.stopping.is_set():
                for rescue in gate.rescue:
                    place.run(rescue.command, RESCUE_SECONDS)
                return "TIMED OUT" if code is None else "STOPPED", counts, trouble
        return "FAILED" if counts.failed else "passed", counts, trouble

    def _can(self, probe: str) -> bool:
        try:
            return subprocess.run(shlex.split(probe), env=self.env, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return False

    def _place(self, gate: Gate) -> Place:
        """Two gates must not meet: each has its own collections and its own state of molecule."""
        top = self.temporary / gate.name
        env = {
            **self.env,
            "ANSIBLE_COLLECTIONS_PATH": str(top),
            "MOLECULE_EPHEMERAL_DIRECTORY": str(top / "ephemeral"),
        }
        log = self.checkout.logs / f"{gate.name}.log"
        log.unlink(missing_ok=True)
        return Place(tree.grow(self.checkout, top), log, env)


def _take(step: Step, place: Place, seconds: float) -> tuple[int | None, Counts, str]:
    junit = place.folder / JUNIT
    junit.mkdir(parents=True, exist_ok=True)
    for leftover in junit.glob("*.xml"):
        leftover.unlink()
    code, output = place.run(step.command, seconds)
    counts = judged(code, step.count(place.folder, output))
    return code, counts, excerpt(step, place.log, output) if counts.failed else ""


def judged(code: int | None, counts: Counts) -> Counts:
    """A command that fails without a failed test, or passes without a test, counts as one."""
    if code != 0 and not counts.failed:
        return counts + Counts(failed=1)
    return counts or Counts(passed=1)


def excerpt(step: Step, log: Path, output: str) -> str:
    """What a failed command said of it: on a machine far away it may be all there is."""
    lines = [line for line in output.splitlines() if line.startswith(step.telling)]
    return "\n".join([f"$ {step.command}", *lines[-EXCERPT_LINES:], f"All of it is in {log}", ""])
