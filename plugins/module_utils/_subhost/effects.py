# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects of the steps of subhosts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

from .._core import subhost_steps as steps
from .._core.command import COMMAND
from .._core.errors import OverlayrootError
from .._core.steps import Mount, Unmount
from .._host import do
from .._host.names import decode, encode
from .._host.run import run
from . import cgroups, init, launch, services, sight

_IPROUTE = "the package iproute2"


def _run_hook(step):
    subhost = step.subhost
    environment = {"CONFIG": subhost.config, "ACTION": "overlay-boot"}
    run([*subhost.premount, subhost.upper], cwd=encode(subhost.base), environment=environment)


def _set_up(step):
    union = step.union
    printed = run([union.upper], environment={"ACTION": "setup"}).strip()
    if not printed.startswith("/") or not os.path.isdir(encode(printed)):
        raise OverlayrootError(f"UPPER {union.upper}", f"printed no folder, but {printed!r}", "Let it print the path of the upper")
    try:
        do.do(Mount(union._replace(upper=decode(os.path.realpath(encode(printed))))))
    except OverlayrootError:
        _tear(union)
        raise


def _tear_down(step):
    do.do(Unmount(step.union))
    _tear(step.union)


def _tear(union):
    run([union.upper], environment={"ACTION": "teardown"})


def _add_namespace(step):
    _ip("netns", "add", step.name)
    _ip("-n", step.name, "link", "set", "lo", "up")


def _remove_namespace(step):
    _ip("netns", "delete", step.name)


def _add_bridge(step):
    _ip("link", "add", "name", step.name, "type", "bridge")
    _ip("link", "set", step.name, "up")


def _remove_bridge(step):
    _ip("link", "delete", "dev", step.name)


def _add_cable(step):
    cable = step.cable
    _link(cable, step.name)
    if cable.bridge:
        _ip("link", "set", cable.host, "master", cable.bridge)
    _ip("link", "set", cable.host, "up")
    if not cable.bridge:
        _ifup(cable.host)
    if step.address:
        _ip("-n", step.name, "address", "add", step.address, "dev", cable.inside)
        _ip("-n", step.name, "link", "set", cable.inside, "up")
    if step.gateway:
        _ip("-n", step.name, "route", "add", "default", "via", step.gateway)


def _link(cable, name):
    if cable.carrier:
        _ip("link", "add", "link", cable.carrier, "name", cable.host, "type", "vlan", "id", cable.tag)
        carrier = cable.inside.rpartition(".")[0]
        _ip("-n", name, "link", "add", "link", carrier, "name", cable.inside, "type", "vlan", "id", cable.tag)
        return
    address = ["address", cable.mac] if cable.mac else []
    _ip("link", "add", "name", cable.host, "type", "veth", "peer", "name", cable.inside, *address, "netns", name)


def _remove_cable(step):
    if _knows_interface(step.cable.host):
        run(["ifdown", "--force", step.cable.host], "the package ifupdown")
    _ip("link", "delete", "dev", step.cable.host)


def _ifup(name):
    if _knows_interface(name):
        run(["ifup", "--force", name], "the package ifupdown")


def _knows_interface(name):
    return shutil.which("ifquery") and subprocess.call(["ifquery", name], stdout=-3, stderr=-3) == 0


def _ip(*words):
    run(["ip", *words], _IPROUTE)


def _set_limits(step):
    cgroups.make(step.name, step.limits)


def _remove_limits(step):
    cgroups.remove(step.name)


def _start(step):
    subhost = step.subhost
    report, reporting = os.pipe()
    with open(report, "rb") as told, _log(subhost.log) as log:
        process = launch.start(
            launch.KEEPER,
            [subhost.config],
            reporting,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        os.close(reporting)
        process.stdin.write(json.dumps(_wanted(step)).encode())
        process.stdin.close()
        if told.read() != init.READY:
            process.wait()
            raise OverlayrootError(f"subhost {subhost.name}", f"did not start: {_last_line(subhost.log)}", f"See {subhost.log}")


def _wanted(step):
    subhost = step.subhost
    commands = ["--commands"] if step.commands else []
    return {
        "name": subhost.name,
        "config": subhost.config,
        "base": subhost.base,
        "live": decode(os.path.realpath(encode(subhost.live))),
        "shares": subhost.shares,
        "ram_size": subhost.ram_size,
        "start": subhost.start,
        "postmount": subhost.postmount,
        "init": _commands_of(subhost) if subhost.init else None,
        "no_new_privs": subhost.no_new_privs,
        "cgroups": cgroups.folders(subhost.name),
        "ending": launch.ending(subhost.config),
        "after": [sys.executable, "-I", COMMAND, "subhost", "stop", subhost.config, *commands],
    }


def _commands_of(subhost):
    environment = {"CONFIG": subhost.config, "ACTION": "overlay-boot"}
    return run(subhost.init, cwd=encode(subhost.base), environment=environment)


def _log(path):
    """An empty file; nobody else's, where others can make files, and no link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(encode(path), flags, 0o600)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_nlink != 1:
        os.close(descriptor)
        raise OverlayrootError(f"LOG {path}", "is somebody else's, or no plain file", "Remove it, or choose another LOG")
    os.ftruncate(descriptor, 0)
    return open(descriptor, "ab")


def _last_line(path):
    with open(encode(path), "rb") as stream:
        lines = decode(stream.read()).strip().split("\n")
    return lines[-1] or "it said nothing"


def _stop(step):
    """The keeper is asked, and killed if it does not answer; its subhost goes with it."""
    name = step.subhost.name
    found = sight.subhosts().running[name]
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(found.keeper, number)
        if _is_gone(name, found.keeper):
            return
    raise OverlayrootError(f"subhost {name}", "has processes that cannot be ended", "See what they wait for (ps)")


def _is_gone(name, pid):
    end = time.monotonic() + services.PATIENCE + 5
    while _stands(pid) or name in sight.subhosts().occupied:
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _stands(pid):
    """Whether a process holds its folder: one that ended does not, whether its end was noticed or not."""
    try:
        os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return False
    return True


EFFECTS = {
    steps.RunHook: _run_hook,
    steps.SetUp: _set_up,
    steps.TearDown: _tear_down,
    steps.AddNamespace: _add_namespace,
    steps.RemoveNamespace: _remove_namespace,
    steps.AddBridge: _add_bridge,
    steps.RemoveBridge: _remove_bridge,
    steps.AddCable: _add_cable,
    steps.RemoveCable: _remove_cable,
    steps.SetLimits: _set_limits,
    steps.RemoveLimits: _remove_limits,
    steps.Start: _start,
    steps.Stop: _stop,
}
