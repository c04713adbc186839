# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The collections that this one needs, for the gates and the demo."""

from __future__ import annotations

import zipfile
from pathlib import Path

from . import stamp, venv
from .checkout import Checkout
from .progress import waiting


def ensure(checkout: Checkout) -> None:
    lock = checkout.root / "tests/collections.txt"
    stamp.ensure(checkout.collections, lock.read_text() + str(checkout.needs), lambda: _make(checkout, str(lock)))


def _make(checkout: Checkout, lock: str) -> None:
    folder = checkout.collections
    folder.mkdir(parents=True)
    with waiting("Fetching the collections of requirements.yml"):
        venv.pip(checkout, "download", "--no-deps", "--dest", str(folder), "--requirement", lock)
        for wheel in folder.glob("*.whl"):
            extract(wheel, folder, checkout.needs)
            wheel.unlink()


def extract(wheel: Path, folder: Path, needs: list[tuple[str, str]]) -> None:
    """Three collections out of a hundred: unpacking all of them would take a minute."""
    prefixes = tuple(f"ansible_collections/{namespace}/{name}/" for namespace, name in needs)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, (name for name in archive.namelist() if name.startswith(prefixes)))
