# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that keep a mount busy."""

from __future__ import annotations

import contextlib
import os

from .._core import mountinfo
from .names import decode


def users(path):
    """What has the mount at `path` in use, as text: "sleep (pid 12, cwd)"."""
    found = []
    for pid in filter(bytes.isdigit, os.listdir(b"/proc")):
        # A process may end, or hide from us, while it is looked at.
        with contextlib.suppress(OSError):
            how = sorted({kind for kind, used in _used(b"/proc/" + pid) if mountinfo.is_within(used, path)})
            if how:
                found.append(f"{_name(pid)} (pid {int(pid)}, {', '.join(how)})")
    return found


def _used(process):
    for kind in (b"cwd", b"root", b"exe"):
        with contextlib.suppress(OSError):
            yield decode(kind), decode(os.readlink(process + b"/" + kind))
    for kind in (b"fd", b"map_files"):
        with contextlib.suppress(OSError):
            for name in os.listdir(process + b"/" + kind):
                with contextlib.suppress(OSError):
                    yield decode(kind), decode(os.readlink(process + b"/" + kind + b"/" + name))


def _name(pid):
    with open(b"/proc/" + pid + b"/comm", "rb") as stream:
        return decode(stream.read()).rstrip("\n")
