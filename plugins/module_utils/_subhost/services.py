# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes in a subhost, as its first process sees them."""

from __future__ import annotations

import os
import signal
import time

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {"PATH": _PATH, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "linux"}

# Seconds.
START_PATIENCE, STOP_PATIENCE, END_PATIENCE = 60, 20, 5

DUMMY = "printf dummy_service >/proc/self/comm; read -r _ </run/dummy_service"

AWAITED = (signal.SIGCHLD, signal.SIGTERM)


def say(line):
    """To the log."""
    os.write(1, f"overlayroot: {line}\n".encode("utf-8", "surrogateescape"))


def call(service, action, patience):
    """Have a service started or stopped, for so many seconds at most."""
    argv = [service, action] if service.startswith("/") else ["service", service, action]
    said = " ".join(argv)
    say(said)
    if not ended(spawn(argv), patience):
        say(f"{said} has not ended in {patience:.0f} seconds")


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


def ended(child, patience):
    """Whether one child, or with None all, ended in so many seconds."""
    end = time.monotonic() + patience
    while True:
        gone = reap()
        if gone is None or child in gone:
            return True
        left = end - time.monotonic()
        if left <= 0:
            return False
        signal.sigtimedwait([signal.SIGCHLD], left)


def reap():
    """The children that ended, None where none is left."""
    gone = set()
    try:
        while True:
            child, _status = os.waitpid(-1, os.WNOHANG)
            if child == 0:
                return gone
            gone.add(child)
    except ChildProcessError:
        return None
