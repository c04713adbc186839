# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subhosts as the users of a command name them, and commands that are run in them."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import termios
import tty

from .._core.errors import OverlayrootError
from .._host.names import from_os
from . import cgroups, launch, sight


def config(given):
    """The configuration: as a path, or that of a subhost that runs."""
    found = sight.subhosts().running.get(given)
    return found.config if found else from_os(os.path.abspath(given))


def run(given, argv):
    """The exit code of a command in a subhost that runs. A terminal is one of its own, not that of the host."""
    if not argv:
        raise OverlayrootError("subhost run", "has no command to run", "Write it after the subhost")
    running = sight.subhosts().running
    name = next((name for name, found in running.items() if given == name or from_os(os.path.abspath(given)) == found.config), None)
    if name is None:
        raise OverlayrootError(f"subhost {given}", "does not run", "Start it first")
    if os.isatty(0) and os.isatty(1):
        return _on_terminal(running[name], name, argv)
    return _enter(running[name], name, argv)


def _enter(found, name, argv):
    wanted = {"init": found.init, "argv": argv, "cgroups": cgroups.folders(name), "no_new_privs": _no_new_privs(found.init)}
    process = launch.enter(name, wanted)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return process.wait()


def _no_new_privs(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as stream:
        return "NoNewPrivs:\t1\n" in stream.read()


def _on_terminal(found, name, argv):
    child, terminal = pty.fork()
    if child == 0:
        os._exit(_enter(found, name, argv))
    return _relay(child, terminal)


def _relay(child, terminal):
    """What is typed goes there, and what is written comes back, until the command ends."""
    before = termios.tcgetattr(0)
    signal.signal(signal.SIGWINCH, lambda _number, _frame: _take_size(terminal))
    _take_size(terminal)
    tty.setraw(0)
    try:
        while True:
            readable, _writable, _other = select.select([0, terminal], (), ())
            for source, target in ((0, terminal), (terminal, 1)):
                if source in readable:
                    try:
                        data = os.read(source, 1024)
                    except OSError:  # the terminal of a command that ended
                        data = b""
                    if not data:
                        return os.waitpid(child, 0)[1] >> 8
                    os.write(target, data)
    finally:
        termios.tcsetattr(0, termios.TCSAFLUSH, before)


def _take_size(terminal):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, fcntl.ioctl(0, termios.TIOCGWINSZ, b"\0" * 8))
