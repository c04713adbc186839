# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to subhosts; the effects are in `_subhost/effects.py`."""

from __future__ import annotations

from typing import NamedTuple

from .cables import Cable
from .steps import Mount, Unmount
from .subhost import Subhost
from .subhosts import Running
from .union import Union


def _with(state, **changes):
    return state._replace(subhosts=state.subhosts._replace(**changes))


def _without_link(state, gone):
    return _with(state, links={name: kind for name, kind in state.subhosts.links.items() if name != gone})


class RunHook(NamedTuple):
    """Of a program that the operator has run before the root of the subhost is mounted."""

    subhost: Subhost

    destroys = False

    def show(self):
        return {"step": "run_hook", "path": self.subhost.premount[0]}

    def simulate(self, state):
        return state

    def undo(self, before):
        return ()


class SetUp(NamedTuple):
    """Of a union whose upper a program sets up, and tells."""

    union: Union  # its upper is that program

    destroys = False

    def show(self):
        return {"step": "set_up", "path": self.union.path, "program": self.union.upper}

    def simulate(self, state):
        return Mount(self.union).simulate(state)

    def undo(self, before):
        return (TearDown(self.union),)


class TearDown(NamedTuple):
    union: Union

    destroys = False

    def show(self):
        return {"step": "tear_down", "path": self.union.path, "program": self.union.upper}

    def simulate(self, state):
        return Unmount(self.union).simulate(state)

    def undo(self, before):
        return (SetUp(self.union),)


class AddNamespace(NamedTuple):
    """Of a network, with a name."""

    name: str

    destroys = False

    def show(self):
        return {"step": "add_namespace", "path": f"/run/netns/{self.name}"}

    def simulate(self, state):
        return _with(state, namespaces=(*state.subhosts.namespaces, self.name))

    def undo(self, before):
        return (RemoveNamespace(self.name),)


class RemoveNamespace(NamedTuple):
    name: str

    destroys = False

    def show(self):
        return {"step": "remove_namespace", "path": f"/run/netns/{self.name}"}

    def simulate(self, state):
        return _with(state, namespaces=tuple(name for name in state.subhosts.namespaces if name != self.name))

    def undo(self, before):
        return (AddNamespace(self.name),)


class AddBridge(NamedTuple):
    name: str

    destroys = False

    def show(self):
        return {"step": "add_bridge", "path": self.name}

    def simulate(self, state):
        return _with(state, links={**state.subhosts.links, self.name: "bridge"})

    def undo(self, before):
        return (RemoveBridge(self.name),)


class RemoveBridge(NamedTuple):
    name: str

    destroys = False

    def show(self):
        return {"step": "remove_bridge", "path": self.name}

    def simulate(self, state):
        return _without_link(state, self.name)

    def undo(self, before):
        return (AddBridge(self.name),)


class AddCable(NamedTuple):
    """Of a cable into a network namespace."""

    cable: Cable
    name: str  # of the namespace
    address: str
    gateway: str

    destroys = False

    def show(self):
        shown = {"step": "add_cable", "path": self.cable.host, "inside": self.cable.inside}
        return {**shown, "bridge": self.cable.bridge, "address": self.address}

    def simulate(self, state):
        kind = "vlan" if self.cable.carrier else "veth"
        return _with(state, links={**state.subhosts.links, self.cable.host: kind})

    def undo(self, before):
        return (RemoveCable(*self),)


class RemoveCable(NamedTuple):
    cable: Cable
    name: str
    address: str
    gateway: str

    destroys = False

    def show(self):
        return {"step": "remove_cable", "path": self.cable.host}

    def simulate(self, state):
        return _without_link(state, self.cable.host)

    def undo(self, before):
        return (AddCable(*self),)


class SetLimits(NamedTuple):
    name: str
    limits: dict  # as in the configuration

    destroys = False

    def show(self):
        return {"step": "set_limits", "path": self.name, **self.limits}

    def simulate(self, state):
        return _with(state, limited=(*state.subhosts.limited, self.name))

    def undo(self, before):
        return (RemoveLimits(*self),)


class RemoveLimits(NamedTuple):
    name: str
    limits: dict

    destroys = False

    def show(self):
        return {"step": "remove_limits", "path": self.name}

    def simulate(self, state):
        return _with(state, limited=tuple(name for name in state.subhosts.limited if name != self.name))

    def undo(self, before):
        return (SetLimits(*self),)


class Start(NamedTuple):
    """Of the processes of a subhost for which all else is there."""

    subhost: Subhost
    commands: bool  # whether its configuration may have commands

    destroys = False

    def show(self):
        return {"step": "start", "path": self.subhost.live}

    def simulate(self, state):
        found = Running(0, 0, self.subhost.config, self.subhost.live, state.uptime + 1)
        return _with(state, running={**state.subhosts.running, self.subhost.name: found})

    def undo(self, before):
        return (Stop(self.subhost, self.commands),)


class Stop(NamedTuple):
    """Of the services first, of all other processes then."""

    subhost: Subhost
    commands: bool

    destroys = False

    def show(self):
        return {"step": "stop", "path": self.subhost.live}

    def simulate(self, state):
        running = {name: one for name, one in state.subhosts.running.items() if name != self.subhost.name}
        return _with(state, running=running, occupied=tuple(n for n in state.subhosts.occupied if n != self.subhost.name))

    def undo(self, before):
        return (Start(self.subhost, self.commands),)
