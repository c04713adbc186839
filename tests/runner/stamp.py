# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Folders that are made once, and anew when what they are made from changes."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .progress import tell


def ensure(folder: Path, source: str, make: Callable[[], None]) -> None:
    """The stamp is written last: what was interrupted is made again."""
    stamp = folder / "stamp"
    key = hashlib.sha256(source.encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == key:
        return
    shutil.rmtree(folder, ignore_errors=True)
    make()
    stamp.write_text(key)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Two runs in one checkout make these folders one after the other."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("Another run is setting up; waiting for it.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
