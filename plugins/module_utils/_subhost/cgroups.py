# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cgroups of subhosts, in whichever hierarchies the host has."""

from __future__ import annotations

import contextlib
import errno
import os
import time

from .._core import limits, mountinfo
from .._core.errors import OverlayrootError
from .._core.subhosts import CGROUP

# Seconds until the last process of a subhost is gone from its cgroup.
_PATIENCE = 5


def names():
    """Of the subhosts that have some."""
    entries = {entry for _version, path, _controllers in _hierarchies() for entry in os.listdir(path)}
    return tuple(entry[len(CGROUP) :] for entry in entries if entry.startswith(CGROUP))


def folders(name):
    """Those that a subhost has."""
    found = [f"{path}/{CGROUP}{name}" for _version, path, _controllers in _hierarchies()]
    return [path for path in found if os.path.isdir(path)]


def make(name, wanted):
    for limit, text in wanted.items():
        controller, *files = limits.CONTROLLERS[limit]
        version, path = _hierarchy(limit, controller)
        folder = f"{path}/{CGROUP}{name}"
        if version == 2:
            _write(f"{path}/cgroup.subtree_control", f"+{controller}")
        os.makedirs(folder, exist_ok=True)
        _write(f"{folder}/{files[version - 1]}", limits.value(limit, text, version))


def remove(name):
    """When the last process is gone."""
    end = time.monotonic() + _PATIENCE
    for folder in folders(name):
        while True:
            try:
                os.rmdir(folder)
                break
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > end:
                    raise
            time.sleep(0.02)


def _hierarchy(limit, controller):
    for version, path, controllers in _hierarchies():
        if controller in controllers:
            return version, path
    raise OverlayrootError(f"limit {limit}", f"the kernel has no cgroup controller {controller}", "Leave the limit out")


def _hierarchies():
    """(version, where it is mounted, its controllers) of each."""
    with open("/proc/self/mountinfo", "rb") as stream:
        mounts = mountinfo.parse(stream.read().decode("utf-8", "surrogateescape"))
    for mount in (mount for mount in mounts if mountinfo.at(mounts, mount.path) == mount):
        if mount.fstype == "cgroup":
            yield 1, mount.path, [name for name, _value in mount.super_options]
        elif mount.fstype == "cgroup2":
            with contextlib.suppress(OSError), open(f"{mount.path}/cgroup.controllers", encoding="ascii") as stream:
                yield 2, mount.path, stream.read().split()


def _write(path, text):
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)
