# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of the gates."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from . import collections, command, packages, pip_bootstrap, report, schedule, stamp, venv
from .checkout import HERE
from .environment import environment
from .gates import Gate, gates
from .progress import tell
from .work import Worker

# An automatic run must have the time to write its report.
MINUTES = 85


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _demo() if options.gates == ["demo"] else _test(_chosen(options.gates), options.jobs)
    except KeyboardInterrupt:
        command.stop()
        tell("Interrupted.")
        return 130


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="runner", description="Runs the gates of labs.overlayroot.")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="gates at once (default: one a processor)")
    parser.add_argument("gates", nargs="*", metavar="GATE", help="default: all; 'molecule': each scenario; or 'demo'")
    return parser.parse_args()


def _chosen(names: list[str]) -> list[Gate]:
    known = gates(HERE)
    for name in names:
        if not any(_named(gate, name) for gate in known):
            sys.exit(f"No gate {name!r}; there are: {', '.join(gate.name for gate in known)}")
    return [gate for gate in known if not names or any(_named(gate, name) for name in names)]


def _named(gate: Gate, name: str) -> bool:
    return gate.name == name or gate.name.startswith(f"{name}-")


def _set_up(tools: list[str]) -> None:
    packages.ensure([*packages.for_venv(), *tools])
    with stamp.alone(HERE.cache / "lock"):
        venv.ensure(HERE)
        collections.ensure(HERE)
        pip_bootstrap.ensure(HERE)


def _demo() -> int:
    _set_up(packages.for_guests(HERE))
    os.chdir(HERE.root)
    env = environment(HERE, os.environ, quick=True)
    os.execve(HERE.venv / "bin/python", ["python", "tests/demo/demo.py"], env)


def _test(chosen: list[Gate], jobs: int) -> int:
    start = time.monotonic()
    guests = packages.for_guests(HERE) if any(gate.guests for gate in chosen) else []
    _set_up([*guests, *(name for gate in chosen for name in gate.packages)])
    HERE.logs.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="overlayroot-", ignore_cleanup_errors=True) as temporary:
        env = environment(HERE, os.environ, quick="CI" in os.environ)
        worker = Worker(HERE, Path(temporary), env, start + MINUTES * 60)
        results = schedule.run(chosen, jobs, worker, tell)
    return _close(results, time.monotonic() - start)


def _close(results: list[report.Result], seconds: float) -> int:
    counts = report.total(results)
    print("", report.table(results), "", *report.skips(results), sep="\n")
    print(f"Logs are in {HERE.logs}. All together took {seconds:.0f} s.")
    print(counts, flush=True)
    return 1 if counts.failed else 0


if __name__ == "__main__":
    sys.exit(main())
