# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes in a subhost, as its first process sees them."""

from __future__ import annotations

import contextlib
import os
import signal
import time

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "linux"}

# Seconds.
START_PATIENCE, STOP_PATIENCE, END_PATIENCE = 60, 20, 5
# For all that is done to stop a subhost.
PATIENCE = STOP_PATIENCE + END_PATIENCE + 5

DUMMY = "printf dummy_service >/proc/self/comm; read -r _ </run/dummy_service"


def say(line, log=1):
    """To the log, or what leads there."""
    os.write(log, f"overlayroot: {line}\n".encode("utf-8", "surrogateescape"))


def start(service):
    argv = command(service, "start")
    say(" ".join(argv))
    if not _ended(spawn(argv), START_PATIENCE):
        say(late(argv, START_PATIENCE))


def command(service, action):
    return [service, action] if service.startswith("/") else ["service", service, action]


def late(argv, patience):
    return f"{' '.join(argv)} has not ended in {patience:.0f} seconds"


def spawn(argv, stdin=None):
    """A session of its own, with a descriptor for standard input."""
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            if stdin is not None:
                os.dup2(stdin, 0)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            os.execvpe(argv[0], argv, ENVIRONMENT)
        except OSError as error:
            say(f"{argv[0]}: {error.strerror}")
        finally:
            os._exit(127)
    return child


def dummy():
    """Ends by a signal, or when something is written to its pipe."""
    if not os.path.exists("/run/dummy_service"):
        os.mkfifo("/run/dummy_service", 0o600)
    spawn(["sh", "-c", DUMMY])


def _ended(child, patience):
    """Whether a child ended in so many seconds."""
    end = time.monotonic() + patience
    while child not in _reaped():
        left = end - time.monotonic()
        if left <= 0:
            return False
        signal.sigtimedwait([signal.SIGCHLD], left)
    return True


def _reaped():
    """The children that ended."""
    gone = set()
    with contextlib.suppress(ChildProcessError):
        while True:
            child, _status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                break
            gone.add(child)
    return gone
