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
        try:
            verdict, counts, trouble = self._run(gate)
        except Exception:  # pylint: disable=broad-exception-caught
            # Whatever goes wrong in one gate, the others go on and the report is written.
            verdict, counts, trouble = "FAILED", Counts(failed=1), traceback.format_exc()
        return Result(gate.name, verdict, time.monotonic() - start, counts, trouble)

    def _run(self, gate: Gate) -> tuple[str, Counts, str]:
        if not self._can(gate.probe):
            return "skipped", Counts(skipped=1, reasons=(f"needs {gate.need}",)), ""
        top = self.temporary / gate.name
        shell = Shell(tree.grow(self.checkout, top), self.checkout.logs / f"{gate.name}.log", {**self.env, **private(top)})
        end = min(self.deadline, time.monotonic() + gate.minutes * 60)
        counts, trouble = Counts(), ""
        for step in gate.steps:
            code, found, said = shell.take(step, end - time.monotonic())
            counts, trouble = counts + found, trouble + said
            if code is None:
                for rescue in gate.rescue:
                    shell.take(rescue, RESCUE)
                return "TIMED OUT", counts, trouble
        return "FAILED" if counts.failed else "passed", counts, trouble

    def _can(self, probe: tuple[str, ...]) -> bool:
        try:
            return subprocess.run(probe, env=self.env, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return False
