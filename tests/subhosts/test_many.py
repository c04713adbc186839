# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many subhosts at once, again and again: nothing may be left of them."""

from __future__ import annotations

import subprocess
import sys

from .sandbox import COMMAND, sandbox

COUNT, VERBS = 34, ("boot", "restart", "restart", "stop")


def at_once(host, verb, configs):
    """All in parallel; what those say that fail."""
    null = subprocess.DEVNULL
    argv = [sys.executable, "-I", COMMAND, "subhost", verb]
    running = [host.start(*argv, config, stdout=null) for config in configs]
    complaints = [process.communicate(timeout=120)[1] for process in running]
    failed = [text for process, text in zip(running, complaints) if process.returncode]
    print(*failed, sep="\n")
    return failed


def test_a_hundred_started_and_stopped_thirty_four_at_a_time():
    with sandbox() as host:
        configs = [host.make(f"many{number}", "CABLES= =") for number in range(COUNT)]
        before = host.left()
        for verb in VERBS:
            assert at_once(host, verb, configs) == []
            assert len(host.running()) == (0 if verb == "stop" else COUNT)
        assert host.left() == before
