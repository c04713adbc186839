# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of the subhosts of a host: from its processes, network namespaces, interfaces and cgroups."""

from __future__ import annotations

from typing import NamedTuple

from .errors import OverlayrootError

# Of the cgroups, before the name of the subhost.
CGROUP = "overlayroot-subhost-"


class Running(NamedTuple):
    init: int  # its first process, as the host numbers it
    keeper: int  # the parent of that
    config: str  # the file that describes it
    live: str  # where its root is mounted
    since: int  # hundredths of a second since the boot of the host


class Subhosts(NamedTuple):
    described: object  # the Subhost that was asked for, or None
    running: dict  # name: Running
    namespaces: tuple = ()  # names of network namespaces
    occupied: tuple = ()  # those of them that processes are in
    links: dict = {}  # name of an interface: its kind ("bridge", "veth", ...)
    limited: tuple = ()  # names of subhosts that have cgroups

    def of(self, name, live):
        """The Running one with its root at `live`, None where it does not run; an error where something else has its name."""
        found = self.running.get(name)
        if found is not None and found.live != live:
            raise _taken(name, f"the subhost of {found.config}")
        if found is None and name in self.occupied:
            raise _taken(name, "a network namespace that processes are in")
        return found


def _taken(name, by):
    return OverlayrootError(f"NAME {name}", f"is that of {by}", "Choose another, or stop that")
