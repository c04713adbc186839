# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process at the host's side of a subhost: parent of its first process, from the start to the end.

It stands in the folder where the root of the subhost is mounted, which keeps that from being unmounted under it.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

from . import init, kernel, services

# Seconds, after which the subhost is killed: more than it allows itself to stop.
PATIENCE = services.STOP_PATIENCE + services.END_PATIENCE + 5


def main(report, host_mounts):
    """Descriptors: where to say that the subhost is ready, or why not, and the mount namespace of the host."""
    wanted = json.load(sys.stdin)
    kernel.setns(host_mounts, kernel.NEW_MOUNTS)
    os.close(host_mounts)
    os.chdir(wanted["live"])
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, lambda _number, _frame: None)
    keeper = Keeper(wanted, report)
    is_ready = keeper.start()
    status = keeper.keep()
    if keeper.asked:
        return 0
    if is_ready:
        # Nobody waits for this: what is left of the subhost is for this process to see to.
        os.chdir("/")
        subprocess.call(wanted["after"])
    return 0 if status == 0 else 1


class Keeper:
    def __init__(self, wanted, report):
        self.wanted = wanted
        self.report = report
        self.asked = False  # to end
        self.child = 0
        self.output = self.waker = None
        self.end = None  # when patience ends

    def start(self):
        """Whether the subhost got ready; where not, the report says why."""
        self.waker, waking = os.pipe()
        os.set_blocking(waking, False)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        self.output, printed = os.pipe()
        told, tell = os.pipe()
        heard, say = os.pipe()
        self.child = self._fork((printed, tell, heard))
        for descriptor in (printed, tell, heard):
            os.close(descriptor)
        try:
            if os.read(told, len(init.APART)) == init.APART:
                self._prepare()
                os.write(say, b"+")
            os.close(say)
            is_ready = self._wait_for(told)
        except (OSError, subprocess.SubprocessError) as error:
            os.close(say)
            services.say(error)
            is_ready = False
        if is_ready:
            _notify(b"READY=1\nMAINPID=%d\n" % os.getpid())
        with contextlib.suppress(OSError):  # who asked may have been killed meanwhile
            os.write(self.report, init.READY if is_ready else b"")
        os.close(self.report)
        return is_ready

    def _fork(self, kept):
        """A process in a new process namespace, which this one is not in."""
        own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        kernel.unshare(kernel.NEW_PID)
        child = os.fork()
        if child == 0:
            printed, tell, heard = kept
            os.dup2(printed, 1)
            os.dup2(printed, 2)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            _close_all_but(0, 1, 2, tell, heard)
            os.close(0)
            init.run(self.wanted, tell, heard)
        kernel.setns(own, kernel.NEW_PID)
        os.close(own)
        return child

    def _prepare(self):
        """What is done to the subhost from outside, before it is shut."""
        for folder in self.wanted["cgroups"]:
            with open(f"{folder}/cgroup.procs", "w", encoding="ascii") as stream:
                stream.write(str(self.child))
        if self.wanted["postmount"]:
            environment = {**os.environ, "CONFIG": self.wanted["config"], "ACTION": "overlay-boot"}
            argv = ["nsenter", f"--mount=/proc/{self.child}/ns/mnt", f"--wd={self.wanted['base']}", *self.wanted["postmount"]]
            subprocess.run(argv, env=environment, check=True)

    def _wait_for(self, told):
        """Whether it said that it is ready; what it prints meanwhile goes to the log."""
        said = b""
        while said != init.READY:
            readable = self._look((told,))
            if told in readable:
                part = os.read(told, 16)
                if not part:
                    return False
                said += part
        os.close(told)
        return True

    def keep(self):
        """Its exit status, when it ended."""
        while True:
            child, status = os.waitpid(self.child, os.WNOHANG)
            if child:
                self._copy()
                return status
            self._look(())

    def _look(self, more):
        """Wait for output, a signal, or one of `more`."""
        patience = None if self.end is None else max(0.0, self.end - time.monotonic())
        readable, _writable, _other = select.select([self.output, self.waker, *more], (), (), patience)
        if self.output in readable:
            self._copy()
        if self.waker in readable and set(os.read(self.waker, 64)) - {signal.SIGCHLD}:
            self._ask()
        if self.end is not None and time.monotonic() >= self.end:
            os.kill(self.child, signal.SIGKILL)
        return readable

    def _ask(self):
        if not self.asked:
            self.asked = True
            self.end = time.monotonic() + PATIENCE
            os.kill(self.child, signal.SIGTERM)

    def _copy(self):
        """What was printed, to the log, as far as there is room for it."""
        os.set_blocking(self.output, False)
        with contextlib.suppress(OSError):
            os.write(1, os.read(self.output, 1 << 16))


def _close_all_but(*kept):
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _notify(text):
    """systemd, where it started this; see sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(text, "\0" + address[1:] if address[0] == "@" else address)
