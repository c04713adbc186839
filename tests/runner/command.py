# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands with a log and a time limit, each in a process group of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_running: set[subprocess.Popen] = set()


def run(argv: Sequence[str], log: Path, seconds: float, cwd: Path, env: Mapping[str, str]) -> tuple[int | None, str]:
    """Appends the output to the log; returns the exit code, None after a time-out, and the output."""
    with log.open("ab+") as file:
        file.write(f"$ {' '.join(argv)}\n".encode())
        file.flush()
        start = file.tell()
        code = _wait(argv, file, seconds, cwd, env)
        file.seek(start)
        return code, file.read().decode(errors="replace")


def _wait(argv, file, seconds, cwd, env) -> int | None:
    with subprocess.Popen(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
    ) as process:
        _running.add(process)
        try:
            return process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            return None
        finally:
            _running.discard(process)
            _kill(process)


def stop() -> None:
    """Ends every command that is under way."""
    for process in tuple(_running):
        _kill(process)


def _kill(process: subprocess.Popen) -> None:
    """Ends the whole group: what a command leaves in the background must not outlive it."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
