# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first process of a subhost: it makes the subhost what it is, starts its services, and becomes the reaper."""

from __future__ import annotations

import os
import signal
import socket

from . import confine, kernel, reaper, root, services

APART, READY = b"apart\n", b"ready\n"


def main(wanted, told, go):
    """Ends when nothing is left to reap. `told` is to be written to, `go` to be read from."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))
    _apart(wanted)
    os.write(told, APART)
    if os.read(go, 1) != b"+":
        return
    os.close(go)
    kernel.unshare(kernel.NEW_CGROUP)
    last = confine.last_capability()
    root.enter(wanted["live"], wanted["shares"], wanted["ram_size"])
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    confine.confine(last, wanted["no_new_privs"])
    _start(wanted)
    os.write(told, READY)
    reaper.become(told)


def _apart(wanted):
    """Namespaces of its own; what is mounted from here on is seen by nobody else."""
    kernel.enter(f"/run/netns/{wanted['name']}", kernel.NEW_NET)
    kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_UTS | kernel.NEW_IPC)
    kernel.mount("none", "/", None, kernel.RECURSIVE | kernel.PRIVATE)
    socket.sethostname(wanted["name"])


def _start(wanted):
    if wanted["init"] is not None:
        _start_by(wanted["init"])
        return
    for service in wanted["start"]:
        services.start(service)
    if sum(name.isdigit() for name in os.listdir("/proc")) == 1:
        services.dummy()


def _start_by(commands):
    """What the operator's own program says, by the shell of the subhost."""
    readable, writable = os.pipe()
    services.spawn(["/bin/sh", "-s"], readable)
    os.close(readable)
    with open(writable, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(commands)


def run(wanted, told, go):
    """As a process that has nothing else to do."""
    try:
        main(wanted, told, go)
    except BaseException as error:  # it ends here in any case
        services.say(error)
    os._exit(1)
