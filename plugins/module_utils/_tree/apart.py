# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that is done by a process with mounts of its own."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys

from .._core.errors import OverlayrootError
from .._host import interrupts
from .mounts import leave_others

_PR_SET_PDEATHSIG = 1
# Seconds until a signal to this process is passed on.
_PAUSE = 0.2


def apart(work):
    """What `work()` gives, as JSON has it. What it mounts nobody else sees, and it goes when that process ends.

    Signals that are held here end that process, and all that it has started, anywhere but where it ignores them.
    """
    ours, theirs = os.pipe()
    here = os.getpid()
    process = os.fork()
    if process == 0:
        os.close(ours)
        _serve(here, theirs, work)
    os.close(theirs)
    said = _said(ours, process)
    os.waitpid(process, 0)
    if not said:
        interrupts.check()
        raise OverlayrootError("the process that reads the layers", "was ended", "Look for why in the kernel's log")
    kind, *facts = json.loads(said)
    if kind == "failed":
        raise OverlayrootError(*facts)
    return facts[0]


def _said(channel, process):
    """All that comes until no process is left that could say more."""
    with open(channel, encoding="ascii") as stream:
        while not select.select([stream], [], [], _PAUSE)[0]:
            if interrupts.came():
                os.kill(process, signal.SIGTERM)
        return stream.read()


def die_with(parent):
    """Whatever ends the process that waits for this one ends this one, too."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def _serve(parent, channel, work):
    """What happens in that process, which ends here."""
    try:
        die_with(parent)
        interrupts.released()
        answer = json.dumps(_answer(work))
        with open(channel, "w", encoding="ascii") as stream:
            stream.write(answer)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        # Nothing of what the first process has under way is to be finished here, too.
        os._exit(0)


def _answer(work):
    try:
        leave_others()
        return "done", work()
    except OverlayrootError as error:
        return "failed", error.subject, error.problem, error.cure
