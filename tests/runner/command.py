# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands with a log and a time limit, each in a process group of its own."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

GRACE = 30

stopping = threading.Event()
_running: set[subprocess.Popen] = set()


@dataclass(frozen=True)
class Place:
    """Where commands run, and the log that they share."""

    folder: Path
    log: Path
    env: Mapping[str, str]

    def run(self, command: str, seconds: float) -> tuple[int | None, str]:
        """Returns the exit code, None after a time-out, and the output."""
        with self.log.open("ab+") as log:
            log.write(f"$ {command}\n".encode())
            log.flush()
            start = log.tell()
            code = self._wait(shlex.split(command), seconds, log)
            log.seek(start)
            return code, log.read().decode(errors="replace")

    def _wait(self, argv: list[str], seconds: float, log: BinaryIO) -> int | None:
        with subprocess.Popen(
            argv,
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process:
            _running.add(process)
            try:
                return process.wait(max(seconds, 0))
            except subprocess.TimeoutExpired:
                _end([process])
                return None
            finally:
                _running.discard(process)
                # What a command leaves in the background must not outlive it.
                _signal(process, signal.SIGKILL)


def stop() -> None:
    """Ends every command that is under way, and tells whoever would start the next one."""
    stopping.set()
    _end(list(_running))


def _end(processes: list[subprocess.Popen]) -> None:
    """Asks first: pytest then still removes what its fixtures made, such as virtual machines."""
    for process in processes:
        _signal(process, signal.SIGINT)
    end = time.monotonic() + GRACE
    while time.monotonic() < end and any(process.poll() is None for process in processes):
        time.sleep(0.1)
    for process in processes:
        _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen, number: signal.Signals) -> None:
    """To the whole group, whose leader may be gone."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
