# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module subhost wants, and the steps to it."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

from .._core import layers, mounted, mountinfo
from .._core import subhost as describing
from .._core.command import COMMAND, decoded
from .._core.errors import OverlayrootError
from .._core.options import complete_options
from .._core.paths import clean, with_parents
from .._core.plan import Within, simulate
from .._core.state import Sight
from .._core.steps import Bind, MakeDir, Mount, RemoveFile, RemoveTree, SetAside, Unbind, Unmount, WriteFile
from .._core.subhost_steps import (
    AddBridge,
    AddCable,
    AddNamespace,
    RemoveCable,
    RemoveLimits,
    RemoveNamespace,
    RunHook,
    SetLimits,
    SetUp,
    Start,
    Stop,
    TearDown,
)
from .._core.union import Union
from . import subhost_session as session

ARGUMENTS = {
    "config": {"type": "str", "required": True},
    "settings": {"type": "dict"},
    "state": {"type": "str", "choices": ["started", "stopped", "restarted", "saved", "reset", "pruned", "absent"], "default": "started"},
    "id": {"type": "str"},
    "label": {"type": "str", "default": ""},
    "generation": {"type": "int"},
    "keep": {"type": "int"},
    "before": {"type": "str"},
    "commands": {"type": "bool", "default": False},
    "bridges": {"type": "bool", "default": False},
    "command": {"type": "str", "no_log": True},
}
RULES = {"required_if": [("state", "saved", ("id",)), ("state", "pruned", ("keep", "before"), True)]}


class Wanted(NamedTuple):
    config: str
    text: str  # of the configuration; None: as it is
    state: str
    session: session.Wanted
    commands: bool
    bridges: bool
    command: str  # the file that runs subhosts; None: it is there

    @property
    def starts(self):
        return self.state in ("started", "restarted")


def wanted(params):
    command = params["command"] and decoded(params["command"])
    of_session = session.wanted(params)
    text = None if params["settings"] is None else describing.text(params["settings"])
    return Wanted(clean(params["config"]), text, params["state"], of_session, params["commands"], params["bridges"], command)


def asked(wanted):
    """A subhost that is to be absent takes its own files with it, one that is reset what it wrote, one that is pruned what it saved."""
    return Within("") if wanted.state in ("reset", "pruned", "absent") else ()


def locked(wanted):
    return (posixpath.dirname(wanted.config),)


def sight(wanted):
    action = "overlay-boot" if wanted.starts else "overlay-stop"
    return Sight(
        paths=with_parents(posixpath.dirname(wanted.config)),
        files=(COMMAND, wanted.config),
        layers=True,
        subhost=(wanted.config, action, wanted.commands, wanted.text),
    )


def plan(seen, wanted):
    subhost = seen.subhosts.described
    running = seen.subhosts.of(subhost.name, seen.real(subhost.live))
    command = _command(seen, wanted)
    if wanted.state in session.STATES:
        if running or _mount(seen, subhost):
            raise OverlayrootError(f"subhost {subhost.name}", "is not stopped, so its session is in use", "Stop it first")
        return command + session.plan(seen, wanted.state, wanted.session, subhost)
    description = _description(seen, wanted, subhost)
    if wanted.starts and running and not description and (wanted.state == "started" or running.since > seen.uptime):
        return command
    steps = command + _stop(seen, wanted, subhost, running) + description
    after = simulate(seen, steps)
    if wanted.starts:
        return steps + _start(after, wanted, subhost)
    return steps + (_remove(after, wanted, subhost) if wanted.state == "absent" else ())


def check_apply(seen, steps):
    """Nothing stands in the way of steps that could be planned."""


def show(state, wanted):
    subhost = state.subhosts.described
    is_there = state.paths[subhost.upper].kind == "directory"
    return {
        "subhost": {
            **subhost.show(),
            **session.show(state, subhost),
            "running": subhost.name in state.subhosts.running,
            "mounted": bool(_mount(state, subhost)),
            "upper_present": is_there,
        }
    }


def _command(seen, wanted):
    found = seen.files[COMMAND]
    if wanted.command is None or (found and found.content == wanted.command):
        return ()
    return (WriteFile(COMMAND, wanted.command, 0o755),)


def _description(seen, wanted, subhost):
    """The configuration where it is to say something else, with the folders that it names in its own."""
    found = seen.files[wanted.config]
    if wanted.text is None or wanted.state == "absent" or (found and found.content == wanted.text):
        return ()
    top = posixpath.dirname(wanted.config)
    named = (subhost.base, subhost.live, subhost.upper, subhost.work)
    folders = dict.fromkeys((*with_parents(top), *(path for path in named if posixpath.dirname(path) == top)))
    return (
        *(MakeDir(path) for path in folders if not seen.paths[path].kind),
        WriteFile(wanted.config, wanted.text, 0o644),
    )


def _stop(seen, wanted, subhost, running):
    """What is there of it: also where it ended without having been asked to."""
    steps = (Stop(subhost, wanted.commands),) if running else ()
    if subhost.name in seen.subhosts.namespaces:
        cables = [RemoveCable(*cable) for cable in _cables(subhost) if cable[0].host in seen.subhosts.links]
        steps += (*reversed(cables), RemoveNamespace(subhost.name))
    if subhost.name in seen.subhosts.limited:
        steps += (RemoveLimits(subhost.name, subhost.limits),)
    return steps + _unmount(seen, subhost)


def _unmount(seen, subhost):
    found = _mount(seen, subhost)
    if not found:
        return ()
    path = seen.real(subhost.live)
    inside = sorted(mount.path for mount in seen.mounts if mount.path.startswith(path + "/"))
    if inside and subhost.kind == "union":
        raise OverlayrootError(f"LIVE {path}", f"mounted within it: {', '.join(inside)}", "Unmount that first")
    if subhost.kind == "bound":
        return (Unbind(path),)
    if _is_program(seen, subhost):
        return (TearDown(_union(seen, subhost)),)
    return (Unmount(found),)


def _mount(seen, subhost):
    """What of the subhost is mounted at LIVE: a Union, or True for what is bound."""
    path = seen.real(subhost.live)
    mount = mountinfo.at(seen.mounts, path)
    if mount is None or subhost.kind == "premounted":
        return None
    if subhost.kind == "bound":
        without = mountinfo.without(seen.mounts, mount)
        source = mountinfo.place(without, seen.real(subhost.upper))
        return mountinfo.place(seen.mounts, path) == source or None
    found = mounted.at(seen, path)
    if found is None:
        return None
    if _is_program(seen, subhost):
        return found
    wanted = found._replace(upper=seen.real(subhost.upper), work=seen.real(subhost.work))
    return None if mounted.differences(seen, found, wanted) else found


def _union(seen, subhost):
    real = seen.real
    work = real(subhost.work)
    return Union(real(subhost.live), session.lowers(seen, subhost), real(subhost.upper), work, complete_options({}, seen.kernel))


def _is_program(seen, subhost):
    """Whether UPPER is what tells the upper."""
    info = seen.paths[subhost.upper]
    return subhost.kind == "union" and info.kind == "file" and bool(info.mode & 0o100)


def _start(seen, wanted, subhost):
    _check(seen, subhost)
    return (
        *_root(seen, subhost),
        AddNamespace(subhost.name),
        *_network(seen, wanted, subhost),
        *([SetLimits(subhost.name, subhost.limits)] if subhost.limits else ()),
        Start(subhost, wanted.commands),
    )


def _check(seen, subhost):
    folders = {"BASE": subhost.base, "LIVE": subhost.live, "LOWER": subhost.lower}
    if subhost.kind == "union" and not _is_program(seen, subhost):
        folders.update(UPPER=subhost.upper, WORK=subhost.work)
    for name, path in folders.items():
        if seen.paths[path].kind != "directory":
            problem = "is no folder" if seen.paths[path].kind else "does not exist"
            raise OverlayrootError(f"{subhost.config}, {name}={path}", problem, "Make it, or correct the configuration")
    for path, _inside in subhost.shares:
        if not seen.paths[path].kind:
            raise OverlayrootError(f"{subhost.config}, SHARE={path}", "does not exist", "Make it, or correct the configuration")
    if seen.files[COMMAND] is None:
        raise OverlayrootError(COMMAND, "is not there, and subhosts are run by it", "Use the role subhosts, or provision")


def _root(seen, subhost):
    """Steps that mount what the subhost has for its root, unless it is."""
    if subhost.kind == "premounted" or _mount(seen, subhost):
        return ()
    path = seen.real(subhost.live)
    other = mountinfo.at(seen.mounts, path)
    if other is not None:
        raise OverlayrootError(f"LIVE {path}", f"has another mount ({other.fstype})", "Unmount it, or choose another LIVE")
    hook = (RunHook(subhost),) if subhost.premount else ()
    if subhost.kind == "bound":
        return (*(hook or _interfaces(seen, subhost)), Bind(seen.real(subhost.upper), path))
    union = _union(seen, subhost)
    if _is_program(seen, subhost):
        return (*hook, SetUp(union))
    layers.check(seen, union)
    return (*(hook or _interfaces(seen, subhost)), Mount(union))


def _interfaces(seen, subhost):
    """A subhost is not to set up the network of the host: without a file of its own it gets one."""
    path = subhost.upper + "/etc/network/interfaces"
    if seen.paths[path].kind:
        return ()
    missing = [folder for folder in (subhost.upper + "/etc", subhost.upper + "/etc/network") if not seen.paths[folder].kind]
    return (*(MakeDir(seen.real(folder)) for folder in missing), WriteFile(seen.real(path), _interfaces_text(subhost)))


def _interfaces_text(subhost):
    names = [cable.inside for cable in subhost.cables if not cable.carrier]
    return "auto lo\niface lo inet loopback\n" + "".join(f"\nauto {name}\niface {name} inet manual\n" for name in names)


def _network(seen, wanted, subhost):
    links = seen.subhosts.links
    made = []
    for cable in subhost.cables:
        if cable.host in links:
            raise OverlayrootError(f"interface {cable.host}", "is there already", "Remove it, or choose another NAME")
        if cable.bridge in ("", *made) or links.get(cable.bridge) == "bridge":
            continue
        if cable.bridge in links or not wanted.bridges:
            problem = "is no bridge" if cable.bridge in links else "does not exist"
            raise OverlayrootError(f"bridge {cable.bridge}", problem, "Make it, or ask for it to be made (bridges)")
        made.append(cable.bridge)
    return (*map(AddBridge, made), *(AddCable(*cable) for cable in _cables(subhost)))


def _cables(subhost):
    """(cable, name of the subhost, address, gateway) of each; the gateway is reached over the first one with an address."""
    gateway = subhost.gateway
    for number, cable in enumerate(subhost.cables):
        address = subhost.addresses[number] if number < len(subhost.addresses) else ""
        yield cable, subhost.name, address, gateway if address else ""
        gateway = "" if address else gateway


def _remove(seen, wanted, subhost):
    """Its own files, while the host goes on with other things; and the configuration where the settings are elsewhere."""
    is_ours = wanted.text is not None and seen.files[wanted.config] is not None
    steps = (RemoveFile(wanted.config),) if is_ours else ()
    if subhost.kind != "union" or _is_program(seen, subhost):
        return steps
    for path in (subhost.upper, subhost.work):
        if seen.paths[path].kind == "directory":
            aside = session.aside(seen, path)
            steps += (SetAside(seen.real(path), aside), RemoveTree(seen.real(path), aside))
    return steps
