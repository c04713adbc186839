# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user of a command sees: standard output and standard error."""

from __future__ import annotations

import contextlib
import signal
import sys

from ._core.errors import OverlayrootError
from ._lines.gauge import gauge
from ._lines.table import plain

# Seconds between two looks at how far something is.
_PAUSE = 0.5


def show(lines):
    """To whoever still reads it."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    text = "".join(f"{plain(line)}\n" for line in lines)
    try:
        with open(1, "wb", closefd=False) as stdout:
            stdout.write(text.encode("utf-8"))
    except OSError as error:
        raise OverlayrootError("standard output", error.strerror, "All else is done") from error


def complain(line):
    sys.stderr.write(plain(line) + "\n")


@contextlib.contextmanager
def watched(read):
    """With a gauge on the terminal, if there is one. A timer draws it: processes that are forked have none."""
    if not sys.stderr.isatty():
        yield
        return
    signal.signal(signal.SIGALRM, lambda _number, _frame: _draw(read()))
    signal.setitimer(signal.ITIMER_REAL, _PAUSE, _PAUSE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _draw(None)


def _draw(progress):
    """In place of what was drawn before."""
    sys.stderr.write("\r\x1b[K" + (gauge(*progress) if progress else ""))
    sys.stderr.flush()
