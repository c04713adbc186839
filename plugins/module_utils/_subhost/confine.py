# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a process gives up before anything of a subhost runs in it."""

from __future__ import annotations

import contextlib
import struct

from .._core import isolation
from . import kernel, seccomp

_LAST_CAPABILITY = "/proc/sys/kernel/cap_last_cap"
# _LINUX_CAPABILITY_VERSION_3
_VERSION = 0x20080522
_AMBIENT_CLEAR = 4


def last_capability():
    """To be asked while the kernel's own files can be trusted."""
    with open(_LAST_CAPABILITY, encoding="ascii") as stream:
        return int(stream.read())


def confine(last, no_new_privs):
    """Capabilities and system calls; `last` is the last capability of the kernel.

    A process that cannot be dumped is closed to those in the subhost, who lack the capability to trace others: they reach
    neither its memory nor the program of the host that it runs.
    """
    kept = set(isolation.CAPABILITIES.values())
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    if no_new_privs:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    for number in range(last + 1):
        if number not in kept:
            kernel.prctl(kernel.PR_CAPBSET_DROP, number)
    with contextlib.suppress(OSError):  # a kernel without ambient capabilities has none to clear
        kernel.prctl(kernel.PR_CAP_AMBIENT, _AMBIENT_CLEAR)
    # While the capability that this needs is there.
    seccomp.install()
    set_capabilities(kept)


def set_capabilities(numbers):
    """Effective and permitted; none is inheritable."""
    kept = sum(1 << number for number in numbers)
    low, high = kept & 0xFFFFFFFF, kept >> 32
    kernel.call("capset", struct.pack("=Ii", _VERSION, 0), struct.pack("=6I", low, low, 0, high, high, 0))
