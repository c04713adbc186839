# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines for the person who waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

TICK = 15


def tell(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


@contextmanager
def waiting(for_what: str) -> Iterator[None]:
    """Tells of the start and the end of something long, and that it still goes on."""
    start = time.monotonic()
    over = threading.Event()
    tell(f"{for_what} ...")
    ticker = threading.Thread(target=_tick, args=(for_what, start, over), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        over.set()
        ticker.join()
    tell(f"{for_what}: done in {time.monotonic() - start:.0f} s")


def _tick(for_what: str, start: float, over: threading.Event) -> None:
    while not over.wait(TICK):
        tell(f"{for_what}: {time.monotonic() - start:.0f} s so far")
