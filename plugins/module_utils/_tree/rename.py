# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renames that rename(2) does not have."""

from __future__ import annotations

import ctypes
import os

_NOREPLACE = 1
_EXCHANGE = 2


def take_place(name, source, new, target):
    """Where nothing is yet. `source` and `target` are folders."""
    _rename(name, source, new, target, _NOREPLACE)


def exchange(name, source, other, target):
    """At once: there is no moment at which either is not there."""
    _rename(name, source, other, target, _EXCHANGE)


def _rename(name, source, new, target, flags):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(source, os.fsencode(name), target, os.fsencode(new), flags):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
