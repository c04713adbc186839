# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signals that ask a program to end, while it must not end just anywhere."""

from __future__ import annotations

import contextlib
import signal

from .._core.errors import OverlayrootError

# Ctrl-C, kill, and a terminal or connection that goes.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_came = []


@contextlib.contextmanager
def held():
    """Only take note of what comes meanwhile.

    By handlers, not by a mask: commands inherit a mask, and those that are run are to end by Ctrl-C.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    taken = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in taken:
        signal.signal(number, lambda number, _frame: _came.append(number))
    try:
        yield
    finally:
        _came.clear()
        for number, handler in taken.items():
            signal.signal(number, handler)


def released():
    """In a process that was forked meanwhile: it can be ended anywhere."""
    for number in _SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def ignored():
    """In such a process, from here on: what it does now is soon done."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def came():
    """Whether something came while signals were held."""
    return bool(_came)


def check():
    """Give up here if something came: what was done by now can be undone."""
    if _came:
        name = signal.Signals(_came[0]).name
        raise OverlayrootError("the change", f"was interrupted by {name}", "What was done is undone; run it again")
