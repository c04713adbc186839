# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unions of the running kernel, in a mount namespace that nobody else sees."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import tempfile

import pytest
import subprocess

_CLONE_NEWNS = 0x20000
_MS_RDONLY = 1
_MS_PRIVATE_RECURSIVE = 1 << 18 | 1 << 14

LIBC = ctypes.CDLL(None, use_errno=True)


def call(function, *arguments):
    if getattr(LIBC, function)(*arguments):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextlib.contextmanager
def emptied(case):
    """A new folder, and nothing of it afterwards, whatever it holds."""
    os.mkdir(case)
    try:
        yield case
    finally:
        subprocess.run([b"rm", b"-rf", case], check=True)


@contextlib.contextmanager
def scratch():
    """An empty tmpfs; skips where mounting is not allowed."""
    try:
        call("unshare", _CLONE_NEWNS)
        call("mount", None, b"/", None, _MS_PRIVATE_RECURSIVE, None)
    except OSError as error:
        pytest.skip(f"needs root, with the right to mount: {error.strerror}")
    folder = os.fsencode(tempfile.mkdtemp())
    call("mount", b"scratch", folder, b"tmpfs", 0, b"size=64m")
    try:
        yield folder
    finally:
        call("umount2", folder, 2)
        shutil.rmtree(folder)


@contextlib.contextmanager
def mounted(folder, lower, upper=None, work=None, options=b""):
    data = [b"lowerdir=" + b":".join(lower), options]
    if upper:
        data += [b"upperdir=" + upper, b"workdir=" + work]
    call("mount", b"overlay", folder, b"overlay", 0 if upper else _MS_RDONLY, b",".join(filter(None, data)))
    try:
        yield folder
    finally:
        call("umount2", folder, 0)
