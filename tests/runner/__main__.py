# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line of the gates."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import collections, packages, pip_bootstrap, report, schedule, stamp, tree, venv
from .checkout import HERE
from .counts import Counts
from .environment import environment
from .gate import Gate
from .gates import gates
from .progress import tell
from .work import Worker

# An automatic run must have the time to write its report.
MINUTES = 85


def main() -> int:
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed, as in Debian 12 and Ubuntu 24.04.")
    options = _options()
    # Also where the caller ignores interrupts, as a shell does for what it starts in the background.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        return _demo() if options.gates == ["demo"] else _test(_chosen(options.gates), options.jobs)
    except subprocess.CalledProcessError as error:
        return _close(f"Failed with {error.returncode}: {' '.join(error.cmd)}\n{Counts(failed=1)}", 1)
    except KeyboardInterrupt:
        return _close(f"Interrupted.\n{Counts(failed=1)}", 130)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="runner", description="Runs the gates of labs.overlayroot.")
    # Guests wait now and then, for each other or for Ansible.
    jobs = (os.cpu_count() or 1) + 2
    parser.add_argument("--jobs", type=int, default=jobs, help="gates at once (default: two more than processors)")
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
    """Everything that the gates and the demo need; where it is there already, this takes no time."""
    HERE.logs.mkdir(parents=True, exist_ok=True)
    packages.ensure(HERE, [*packages.for_venv(), *tools])
    with stamp.alone(HERE.cache / "lock"):
        venv.ensure(HERE)
        collections.ensure(HERE)
        pip_bootstrap.ensure(HERE)


def _demo() -> int:
    _set_up(packages.for_guests(HERE))
    with tempfile.TemporaryDirectory(prefix="overlayroot-") as top:
        show = tree.grow(HERE, Path(top)) / "tests/demo/demo.py"
        env = {**environment(HERE, os.environ), "ANSIBLE_COLLECTIONS_PATH": top}
        return subprocess.run([HERE.venv / "bin/python", show], env=env, check=False).returncode


def _test(chosen: list[Gate], jobs: int) -> int:
    start = time.monotonic()
    guests = packages.for_guests(HERE) if any(gate.guests for gate in chosen) else []
    _set_up([*guests, *(name for gate in chosen for name in gate.packages)])
    with tempfile.TemporaryDirectory(prefix="overlayroot-", ignore_cleanup_errors=True) as temporary:
        worker = Worker(HERE, Path(temporary), environment(HERE, os.environ), start + MINUTES * 60)
        results = schedule.run(chosen, jobs, worker, tell)
    code = 1 if report.total(results).failed else 0
    return _close(report.closing(results, time.monotonic() - start), code)


def _close(text: str, code: int) -> int:
    HERE.logs.mkdir(parents=True, exist_ok=True)
    (HERE.logs / "report.txt").write_text(f"{text}\n")
    print(text, flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
