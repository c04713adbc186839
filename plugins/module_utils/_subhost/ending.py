# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a subhost, which its keeper sees to: where somebody asks for it, and where it came by itself."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

from . import launch, services

ASKED, ENDED, KILLED = "asked", "ended", "killed"


def main():
    """The last word of the command line says what it is that came."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: None)
    kept = json.loads(os.environ.pop("OVERLAYROOT_KEEPER"))
    is_asked = sys.argv[-1] == ASKED
    if is_asked:
        _stop(kept)
    for child in (kept["child"], kept["copier"]):
        with contextlib.suppress(ChildProcessError):  # a shell may have waited for it
            os.waitpid(child, 0)
    if not is_asked:
        # Nobody waits for this: what is left of the subhost is for this process to see to.
        os.chdir("/")
        subprocess.call(kept["after"])
    return 1 if sys.argv[-1] == KILLED else 0


def _stop(kept):
    end = time.monotonic() + services.PATIENCE
    with contextlib.suppress(OSError), open(f"/proc/{kept['child']}/fd/1", "wb", buffering=0) as log:
        for service in kept["stop"]:
            argv = services.command(service, "stop")
            services.say(" ".join(argv), log.fileno())
            _enter(kept, argv, log, max(0.0, min(services.STOP_PATIENCE, end - time.monotonic())))
        _enter(kept, ["sh", "-c", "kill -TERM -1"], log, services.END_PATIENCE)
    end = min(end, time.monotonic() + services.END_PATIENCE)
    while time.monotonic() < end and not _is_gone(kept["child"]):
        time.sleep(0.02)
    with contextlib.suppress(ProcessLookupError):
        os.kill(kept["child"], signal.SIGKILL)


def _enter(kept, argv, log, patience):
    """Have a command run in the subhost, for so many seconds at most, unless it ended by what was done before."""
    if _is_gone(kept["child"]):
        return
    wanted = {"init": kept["child"], "argv": argv, "cgroups": kept["cgroups"], "no_new_privs": kept["no_new_privs"]}
    streams = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
    try:
        launch.enter(kept["name"], wanted, start_new_session=True, **streams).wait(patience)
    except subprocess.TimeoutExpired:
        services.say(services.late(argv, patience), log.fileno())


def _is_gone(pid):
    """Whether a child ended, which is not waited for yet."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
