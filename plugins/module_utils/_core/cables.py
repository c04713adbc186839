# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The virtual cables of a subhost: `[bridge]=[MAC]`, or `[bridge]=.TAG` for a VLAN on the cable before it."""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import OverlayrootError

_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", re.IGNORECASE)
# dev_valid_name() of the kernel, and what iproute2 takes for something else.
_INTERFACE = re.compile(r"(?!\.{1,2}\Z)[^\s/:%-][^\s/:%]{0,14}")


class Cable(NamedTuple):
    host: str  # the interface at the host's end
    inside: str  # the one at the subhost's end
    bridge: str = ""
    mac: str = ""  # of the subhost's end; empty: the kernel's choice
    carrier: str = ""  # of a VLAN: the interface at the host's end that it is on

    @property
    def tag(self):
        """Of a VLAN."""
        return self.host.rpartition(".")[2] if self.carrier else ""

    def show(self):
        return {"host": self.host, "inside": self.inside, "bridge": self.bridge, "mac": self.mac}


def parse(text, name):
    """The cables of the subhost `name`."""
    found = []
    for word in text.split():
        found.append(_cable(word, name, [cable for cable in found if not cable.carrier]))
    hosts = [cable.host for cable in found]
    for host in hosts:
        if hosts.count(host) > 1:
            raise _fault(text, f"{host} is there twice", "Give each VLAN of a cable a tag of its own")
    return tuple(found)


def _cable(word, name, plain):
    bridge, equals, mac = word.partition("=")
    if not equals:
        raise _fault(word, "has no =", "Write [bridge]=[MAC], both of which may be empty")
    if bridge and not _INTERFACE.fullmatch(bridge):
        raise _fault(word, f"{bridge!r} cannot be a bridge", "Name an interface")
    if mac.startswith("."):
        return _vlan(word, bridge, mac[1:], plain)
    if mac and not _MAC.fullmatch(mac):
        raise _fault(word, f"{mac!r} is no MAC address", "Write six pairs of hexadecimal digits with colons between them")
    if mac and int(mac[:2], 16) & 1:
        raise _fault(word, f"{mac} is the address of a group", "Use one whose first pair is even, such as 02:...")
    number = len(plain)
    return Cable(f"{name}{number}", f"eth{number}", bridge, mac.lower())


def _vlan(word, bridge, tag, plain):
    if not re.fullmatch("[0-9]+", tag) or not 1 <= int(tag) <= 4094:
        raise _fault(word, f"{tag!r} is no VLAN", "Use a number from 1 to 4094")
    if not plain:
        raise _fault(word, "there is no cable for the VLAN to be on", "Write the cable before it")
    host = f"{plain[-1].host}.{int(tag)}"
    if not _INTERFACE.fullmatch(host):
        raise _fault(word, f"{host} is too long for the name of an interface", "Give the subhost a shorter NAME")
    return Cable(host, f"{plain[-1].inside}.{int(tag)}", bridge, "", plain[-1].host)


def _fault(word, problem, cure):
    return OverlayrootError(f"CABLES {word}", problem, cure)
