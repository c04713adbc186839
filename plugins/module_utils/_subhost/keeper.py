# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process at the host's side of a subhost: parent of its first process, from the start to the end.

It stands in the folder where the root of the subhost is mounted, which keeps that from being unmounted under it. When the
subhost is ready it becomes a shell, which is small, and waits for the end. For that it is this Python again (`ending`).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

from . import init, kernel, services

# What the first process holds the other end of, and where to say that the subhost is ready.
_TOLD, _REPORT = 3, 4

_WAIT = f"""
shift
trap 'trap "" TERM INT HUP; exec "$@" asked' TERM INT HUP
{{ printf '{init.READY.decode().strip()}\\n' >&{_REPORT}; }} 2>/dev/null
exec {_REPORT}>&-
read -r _ <&{_TOLD} && exec "$@" ended
exec "$@" killed
"""

# What is printed in the subhost, to the log, as far as there is room for it.
_COPY = "until cat; do :; done 2>/dev/null"


def main(report, host_mounts):
    """Descriptors: where to say that the subhost is ready, or why not, and the mount namespace of the host."""
    wanted = json.load(sys.stdin)
    kernel.setns(host_mounts, kernel.NEW_MOUNTS)
    os.close(host_mounts)
    os.set_inheritable(report, False)
    os.chdir(wanted["live"])
    os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
    output, printed = os.pipe()
    copier = subprocess.Popen(["sh", "-c", _COPY], stdin=output, cwd="/")
    os.close(output)
    child, told = _start(wanted, printed)
    if told is not None:
        _notify(b"READY=1\nMAINPID=%d\n" % os.getpid())
        _wait(wanted, child, copier.pid, told, report)
    os.waitpid(child, 0)
    copier.wait()
    return 1


def _start(wanted, printed):
    """(the first process, what it tells or None where the subhost did not get ready); what it prints says why."""
    told, tell = os.pipe()
    heard, say = os.pipe()
    child = _fork(wanted, (printed, tell, heard))
    for descriptor in (printed, tell, heard):
        os.close(descriptor)
    with contextlib.suppress(BrokenPipeError), open(say, "wb", buffering=0) as go:
        if os.read(told, len(init.APART)) == init.APART:
            try:
                _prepare(wanted, child)
                go.write(b"+")
            except (OSError, subprocess.SubprocessError) as error:
                services.say(error)
    return child, told if os.read(told, len(init.READY)) == init.READY else None


def _fork(wanted, kept):
    """A process in a new process namespace, which this one is not in."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    kernel.unshare(kernel.NEW_PID)
    child = os.fork()
    if child == 0:
        printed, tell, heard = kept
        os.dup2(printed, 1)
        os.dup2(printed, 2)
        _close_all_but(0, 1, 2, tell, heard)
        os.close(0)
        init.run(wanted, tell, heard)
    kernel.setns(own, kernel.NEW_PID)
    os.close(own)
    return child


def _prepare(wanted, child):
    """What is done to the subhost from outside, before it is shut."""
    for folder in wanted["cgroups"]:
        with open(f"{folder}/cgroup.procs", "w", encoding="ascii") as stream:
            stream.write(str(child))
    if wanted["postmount"]:
        environment = {**os.environ, "CONFIG": wanted["config"], "ACTION": "overlay-boot"}
        argv = ["nsenter", f"--mount=/proc/{child}/ns/mnt", f"--wd={wanted['base']}", *wanted["postmount"]]
        subprocess.run(argv, env=environment, check=True)


def _wait(wanted, child, copier, told, report):
    """Become the shell."""
    stop = [] if wanted["init"] is not None else wanted["start"][::-1]
    kept = {"child": child, "copier": copier, "stop": stop, **{name: wanted[name] for name in ("name", "cgroups", "no_new_privs", "after")}}
    told, report = os.dup(told), os.dup(report)
    os.dup2(told, _TOLD)
    os.dup2(report, _REPORT)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # who asked may have been killed meanwhile
    environment = {**os.environ, "OVERLAYROOT_KEEPER": json.dumps(kept)}
    os.execvpe("sh", ["sh", "-c", _WAIT, *wanted["ending"][-2:], *wanted["ending"]], environment)


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
