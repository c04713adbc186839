# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process that goes into a subhost that runs, and runs a command there."""

from __future__ import annotations

import json
import os
import signal

from . import confine, kernel, services

# The last one is that of the processes: it counts for a child.
_NAMESPACES = ("net", "uts", "ipc", "cgroup", "mnt", "pid")


def main(_report, host_mounts):
    wanted = json.loads(os.environ.pop("OVERLAYROOT_ENTER"))
    os.close(host_mounts)
    last = confine.last_capability()
    for folder in wanted["cgroups"]:
        with open(f"{folder}/cgroup.procs", "w", encoding="ascii") as stream:
            stream.write("0")
    descriptors = [os.open(f"/proc/{wanted['init']}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC) for name in _NAMESPACES]
    for descriptor in descriptors:
        kernel.setns(descriptor)
    child = os.fork()
    if child == 0:
        _run(wanted, last)
    for number in (signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    _child, status = os.waitpid(child, 0)
    return os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def _run(wanted, last):
    try:
        os.closerange(3, 1024)
        os.chdir("/")
        confine.confine(last, wanted["no_new_privs"])
        environment = {**services.ENVIRONMENT, "TERM": os.environ.get("TERM", "dumb")}
        os.execvpe(wanted["argv"][0], wanted["argv"], environment)
    except OSError as error:
        os.write(2, f"{wanted['argv'][0]}: {error.strerror}\n".encode("utf-8", "surrogateescape"))
    finally:
        os._exit(127)
