# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work that goes on when whoever asked for it has ended."""

from __future__ import annotations

import os

from .._host import interrupts, lock


def in_background(work):
    """Have a process of its own do `work`, which can use the descriptors that are open now."""
    starter = os.fork()
    if starter:
        os.waitpid(starter, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            _detach()
            work()
    finally:
        # Nothing of what the first process has under way is to be finished here, too.
        os._exit(0)


def _detach():
    """From what others wait for the end of, and from those who would have to wait for it."""
    null = os.open("/dev/null", os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    interrupts.released()
    lock.left()
    os.nice(19)
