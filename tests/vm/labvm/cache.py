# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Where everything is kept, and the locks on it."""

import contextlib
import fcntl
import os
import time
from pathlib import Path

from .progress import say


def root():
    """The cache folder, made when missing and closed to other users."""
    given = os.environ.get("OVERLAYROOT_VM_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = Path(given) if given else Path(base, "labs-overlayroot", "vm")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path.resolve()


def folder(*names):
    """A folder below the cache, made when missing."""
    path = root().joinpath(*names)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def lock(name):
    """Hold the lock called name; others wait and say so every 10 s."""
    path = folder("locks") / name
    with open(path, "w", encoding="utf-8") as handle:
        _wait_for(handle, name)
        yield


def _wait_for(handle, name):
    said = 0.0
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() - said > 10:
                said = time.monotonic()
                say(f"waiting for another process that works on {name}")
            time.sleep(0.2)
