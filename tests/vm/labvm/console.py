# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""The serial console of a guest: its log, which outlives the guest, and its input."""

import re
import time
from pathlib import Path

from . import progress
from .errors import VmError
from .unixsocket import connect

KEPT = 3


class Console:
    """The log file of a console, and the socket that qemu listens on for its input."""

    def __init__(self, log, socket_path):
        self.log = Path(log)
        self.socket_path = socket_path

    def rotate(self):
        """Begin a new log; the last KEPT old ones stay as NAME.log.1 and so on."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        for number in range(KEPT, 0, -1):
            older = self.log.with_name(f"{self.log.name}.{number}")
            newer = self.log.with_name(f"{self.log.name}.{number - 1}") if number > 1 else self.log
            if newer.exists():
                newer.replace(older)

    def size(self):
        """The length of the log in bytes: the position where what comes next begins."""
        return self.log.stat().st_size if self.log.exists() else 0

    def text(self, since=0):
        """What was written from the byte position `since` on, without carriage returns."""
        if not self.log.exists():
            return ""
        with open(self.log, "rb") as handle:
            handle.seek(since)
            return handle.read().decode("utf-8", "replace").replace("\r", "")

    def tail(self):
        """The last 40 lines and the path, for error messages."""
        return f"{progress.tail(self.log)}\nconsole log: {self.log}"

    def wait(self, pattern, seconds, since=0, alive=lambda: True):
        """Wait until pattern, a regular expression, is found after `since`; return the match.

        VmError with the end of the log after so many seconds, or when alive() turns false.
        """
        deadline = time.monotonic() + seconds
        regex = re.compile(pattern, re.MULTILINE)
        while True:
            running = alive()
            found = regex.search(self.text(since))
            if found:
                return found
            if not running:
                raise VmError(f"the guest ended before {pattern!r} was seen\n{self.tail()}")
            if time.monotonic() > deadline:
                raise VmError(f"{pattern!r} was not seen within {seconds:.0f} s\n{self.tail()}")
            time.sleep(0.2)

    def send(self, text):
        """Type text into the console; a newline presses return."""
        with connect(self.socket_path, 5.0) as link:
            link.sendall(text.encode())
