# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import signal

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._host import interrupts
from ansible_collections.labs.overlayroot.plugins.module_utils._host.run import run


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_comes_is_noted_where_that_is_asked(number):
    # Whoever started the tests may have it ignored.
    before = signal.signal(number, signal.default_int_handler)
    try:
        check_noted(number)
    finally:
        signal.signal(number, before)


def check_noted(number):
    with interrupts.held():
        interrupts.check()
        send(number)
        with pytest.raises(OverlayrootError, match=f"the change: was interrupted by {number.name}"):
            interrupts.check()
    interrupts.check()


def test_afterwards_they_do_what_they_did():
    with interrupts.held():
        send(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        send(signal.SIGINT)


def test_what_was_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.held():
            send(signal.SIGHUP)
            interrupts.check()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_commands_end_by_them_as_ever():
    with interrupts.held(), pytest.raises(OverlayrootError, match="ended with exit code -15"):
        run(["sh", "-c", "kill -TERM $$; sleep 9"])
