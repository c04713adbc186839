# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands of the host."""

from __future__ import annotations

import os
import subprocess

from .._core.errors import OverlayrootError
from .names import decode, encode


def run(argv, package="it", **more):
    """The standard output of a command, which must succeed. `more` is for subprocess.run."""
    try:
        done = subprocess.run(
            [encode(word) for word in argv],
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
            **more,
        )
    except FileNotFoundError:
        raise OverlayrootError(f"command {argv[0]}", "is not installed", f"Install {package}") from None
    if done.returncode:
        raise OverlayrootError(
            f"command {' '.join(argv)}",
            f"ended with exit code {done.returncode}: {decode(done.stderr).strip()}",
            "Run it by hand to look closer",
        )
    return decode(done.stdout)
