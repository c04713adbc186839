# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""A qemu that is known by its pid file, and is only ever ended when it still is that qemu."""

import os
import signal
import time
from pathlib import Path


class Process:
    """The process whose pid lies in pidfile and whose command line names that file."""

    def __init__(self, pidfile):
        self.pidfile = Path(pidfile)

    def pid(self):
        """Its pid, or None when it does not run."""
        try:
            pid = int(self.pidfile.read_text(encoding="ascii"))
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self.pidfile) in words else None

    def kill(self):
        """End it at once and wait until it is gone; fine when it does not run."""
        pid = self.pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            self.wait(10.0)
        self.pidfile.unlink(missing_ok=True)

    def wait(self, seconds):
        """Wait until it is gone; whether it went within so many seconds."""
        deadline = time.monotonic() + seconds
        while self.pid() is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True
