# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Packages of the distribution that the gates and the demo need."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from .checkout import Checkout
from .progress import tell, waiting


def for_venv() -> list[str]:
    """Debian's Python comes without what a virtual environment is made of."""
    return [] if find_spec("ensurepip") else ["python3-venv"]


def for_guests(checkout: Checkout) -> list[str]:
    argv = [sys.executable, "tests/vm/vm.py", "tools"]
    return subprocess.run(argv, cwd=checkout.root, check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def ensure(checkout: Checkout, wanted: list[str]) -> None:
    """Installs what is missing; elsewhere than on Debian and its kin that is left to the person."""
    if not shutil.which("apt-get"):
        tell(f"This is no Debian or Ubuntu; what is needed is called there: {' '.join(wanted)}")
        return
    absent = missing(wanted)
    if absent:
        _install(absent, checkout.logs / "apt.log")


def missing(wanted: list[str]) -> list[str]:
    argv = ["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n", *wanted]
    shown = subprocess.run(argv, check=False, capture_output=True, text=True).stdout
    return sorted(set(wanted) - installed(shown)) if wanted else []


def installed(shown: str) -> set[str]:
    pairs = (line.split(" ") for line in shown.splitlines())
    return {name for name, status in pairs if status == "installed"}


def _install(names: list[str], log: Path) -> None:
    apt = [*_privilege(names), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet=2", "-oDpkg::Use-Pty=0"]
    with waiting(f"Installing with apt-get: {' '.join(names)}"), log.open("w") as file:
        subprocess.run([*apt, "update"], check=True, stdout=file)
        subprocess.run([*apt, "install", "--yes", "--no-install-recommends", *names], check=True, stdout=file)


def _privilege(names: list[str]) -> list[str]:
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo"):
        tell("sudo is used for this, and may ask for your password.")
        return ["sudo"]
    sys.exit(f"There is neither root nor sudo here. Please install as root: apt-get install {' '.join(names)}")
