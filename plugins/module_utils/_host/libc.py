# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the C library that Python has no functions for."""

from __future__ import annotations

import ctypes
import os


def call(function, *arguments):
    """The number that it returns; -1 is an OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    result = getattr(libc, function)(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
