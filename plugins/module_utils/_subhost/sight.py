# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be seen of subhosts: what one is to be, and which of them are there."""

from __future__ import annotations

import contextlib
import json
import os

from .._core import subhost
from .._core.errors import OverlayrootError
from .._core.subhosts import Running, Subhosts
from .._host.names import decode, encode
from .._host.run import run
from . import cgroups, launch

_NAMESPACES = "/run/netns"


def described(config, action, commands, text=None):
    """The Subhost of a configuration, which may give values by commands only where that is allowed.

    The text is what is to be in the file, where that is known.
    """

    def output(assignment, folder):
        if not commands:
            raise assignment.fault("is a command, and commands are not allowed", "Write the value, or allow commands")
        return run(assignment.command, cwd=encode(folder), environment={"ACTION": action})

    found = subhost.parse(_content(config) if text is None else text, config, output)
    return found._replace(store=decode(os.path.realpath(encode(found.store)))) if found.store else found


def _content(config):
    try:
        with open(encode(config), "rb") as stream:
            return decode(stream.read())
    except OSError as error:
        raise OverlayrootError(f"config {config}", error.strerror, "Name the configuration of a subhost") from error


def subhosts(found=None):
    inodes = _namespaces()
    running, occupied = {}, set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError):  # it may end meanwhile
            name = inodes.get(_inode(f"/proc/{pid}/ns/net"))
            if name is not None:
                occupied.add(name)
                _note(running, name, int(pid))
    return Subhosts(found, running, tuple(inodes.values()), tuple(occupied), _links() if found else {}, cgroups.names())


def _namespaces():
    """{inode: name} of the network namespaces that have names."""
    found = {}
    for name in os.listdir(_NAMESPACES) if os.path.isdir(_NAMESPACES) else ():
        with contextlib.suppress(FileNotFoundError):  # somebody removes it meanwhile
            found[_inode(f"{_NAMESPACES}/{name}")] = name
    return found


def _inode(path):
    status = os.stat(path)
    return status.st_dev, status.st_ino


def _note(running, name, pid):
    """A process in the network of `name`, if it is the first one of a subhost."""
    status = dict(line.split(":", 1) for line in _read(f"/proc/{pid}/status").splitlines())
    numbers = status["NSpid"].split()
    keeper = int(status["PPid"])
    if len(numbers) != 2 or numbers[1] != "1":
        return
    words = _read(f"/proc/{keeper}/cmdline").split("\0")
    if launch.KEEPER in words:
        config = words[words.index(launch.KEEPER) + 1]
        live = decode(os.readlink(encode(f"/proc/{keeper}/cwd")))
        running[name] = Running(pid, keeper, config, live, int(_read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19]))


def _links():
    """{name: kind} of the interfaces in the network of the host."""
    shown = json.loads(run(["ip", "-json", "-details", "link", "show"], "the package iproute2") or "[]")
    return {link["ifname"]: link.get("linkinfo", {}).get("info_kind", "") for link in shown if link.get("ifname")}


def _read(path):
    with open(path, "rb") as stream:
        return decode(stream.read())
