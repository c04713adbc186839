# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the making of a tree is, for whoever looks at a file beside that."""

from __future__ import annotations

import os
import re
import time

NAME = "progress"

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LENGTH = 81
# Seconds between two reports.
_PAUSE = 0.5


class Progress:
    """What is being done, how many of all bytes it is done with, and files where they count: "copying 1048576 4194304 7"."""

    def __init__(self, stage, total):
        self.file = os.open(NAME, _CREATE, 0o600, dir_fd=stage)
        # When the disk is full, that is not to be said of this file.
        os.posix_fallocate(self.file, 0, _LENGTH)
        self.total = total
        self.next = 0

    def tell(self, doing, done, files=0):
        now = time.monotonic()
        if now >= self.next:
            self.next = now + _PAUSE
            # Each report is as long as any other.
            os.pwrite(self.file, f"{doing} {min(done, self.total)} {self.total} {files}".ljust(_LENGTH - 1).encode() + b"\n", 0)

    def close(self):
        os.close(self.file)


def bytes_read(pid):
    """By a process since it began."""
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as counts:
            return int(re.search(r"rchar: (\d+)", counts.read()).group(1))
    except OSError:
        return 0
