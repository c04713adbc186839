# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the host."""

from __future__ import annotations

import os
import subprocess

from .._core.errors import OverlayrootError
from .names import decode, encode


def run(argv, package="it", watch=None, environment=(), **more):
    """The standard output of a command, which must succeed.

    `watch(pid)` is called every second while it runs; `environment` is added to its own, and `more` is for subprocess.Popen.
    """
    try:
        process = subprocess.Popen(
            [encode(word) for word in argv],
            env={**os.environ, "LC_ALL": "C", **dict(environment)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **more,
        )
    except FileNotFoundError:
        raise OverlayrootError(f"command {argv[0]}", "is not installed", f"Install {package}") from None
    with process:
        output, errors = _written(process, watch)
    if process.returncode:
        raise OverlayrootError(
            f"command {' '.join(argv)}",
            f"ended with exit code {process.returncode}: {decode(errors).strip()}",
            "Run it by hand to look closer",
        )
    return decode(output)


def _written(process, watch):
    while True:
        try:
            return process.communicate(timeout=1 if watch else None)
        except subprocess.TimeoutExpired:
            watch(process.pid)
