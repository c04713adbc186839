# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of a subhost as the kernel's cgroups take them, of version 1 and 2."""

from __future__ import annotations

from .bootconf import UNITS

# What the kernel shares the time of a processor out by, in microseconds.
_PERIOD = 100000

# Of each limit: the controller, and the file of either version.
CONTROLLERS = {
    "memory": ("memory", "memory.limit_in_bytes", "memory.max"),
    "processes": ("pids", "pids.max", "pids.max"),
    "cpu": ("cpu", "cpu.cfs_quota_us", "cpu.max"),
}


def value(name, text, version):
    """What is written into the file."""
    if name == "memory":
        unit = text[-1].lower() if text[-1].isalpha() else ""
        return str(int(text.rstrip("kKmMgG")) * UNITS[unit])
    if name == "cpu":
        quota = int(text.rstrip("%")) * _PERIOD // 100
        return f"{quota} {_PERIOD}" if version == 2 else str(quota)
    return text
