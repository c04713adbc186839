# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The virtual environment that the gates and the demo run in."""

from __future__ import annotations

import subprocess
import sys

from . import stamp
from .checkout import Checkout
from .progress import waiting


def ensure(checkout: Checkout) -> None:
    lock = checkout.root / "tests/requirements.txt"
    stamp.ensure(checkout.venv, lock.read_text() + sys.version, lambda: _make(checkout, str(lock)))


def _make(checkout: Checkout, lock: str) -> None:
    with waiting("Making the virtual environment .cache/venv, about a minute"):
        subprocess.run([sys.executable, "-m", "venv", str(checkout.venv)], check=True)
        pip(checkout, "install", "--requirement", lock)


def pip(checkout: Checkout, *arguments: str) -> None:
    python = str(checkout.venv / "bin/python")
    subprocess.run([python, "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check", *arguments], check=True)
