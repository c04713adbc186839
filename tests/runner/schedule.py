# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several gates at once, without more guests than the machine carries."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from . import command
from .gate import Gate
from .report import Result

GUESTS_AT_ONCE = 3
TICK = 30


def may_start(gate: Gate, running: list[Gate], jobs: int) -> bool:
    guests = sum(other.guests for other in running)
    return len(running) < jobs and (not gate.guests or guests + gate.guests <= GUESTS_AT_ONCE)


def run(gates: list[Gate], jobs: int, work: Callable[[Gate], Result], tell: Callable[[str], None]) -> list[Result]:
    """Works through the gates in their order; tells of each start and end, and now and then what is running."""
    waiting, running, results = list(gates), [], []
    done: queue.Queue[tuple[Gate, Result]] = queue.Queue()
    try:
        while waiting or running:
            for gate in gates:
                if gate in waiting and may_start(gate, running, jobs):
                    waiting.remove(gate)
                    running.append(gate)
                    tell(f"{gate.name}: started")
                    threading.Thread(target=lambda gate=gate: done.put((gate, work(gate)))).start()
            try:
                gate, result = done.get(timeout=TICK)
            except queue.Empty:
                tell(f"running: {', '.join(gate.name for gate in running)}; waiting: {len(waiting)}")
                continue
            running.remove(gate)
            results.append(result)
            tell(f"{gate.name}: {result.verdict} after {result.seconds:.0f} s ({result.counts})")
    except KeyboardInterrupt:
        tell(f"stopping: {', '.join(gate.name for gate in running)}")
        command.stop()
        # Each gate still undoes what it left behind.
        for _gate in running:
            done.get()
        raise
    return sorted(results, key=lambda result: [gate.name for gate in gates].index(result.gate))
