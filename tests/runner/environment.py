# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The environment in which the tools run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .checkout import Checkout


def environment(checkout: Checkout, given: Mapping[str, str]) -> dict[str, str]:
    folders = given["PATH"].split(os.pathsep)
    return {
        **given,
        "PATH": os.pathsep.join(path(folders, checkout.venv)),
        "VIRTUAL_ENV": str(checkout.venv),
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        # The gate lint does that, and is stricter.
        "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTEST_ADDOPTS": "-rs -p no:cacheprovider",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def path(folders: list[str], venv: Path) -> list[str]:
    """The venv first, then the folders without version managers' shims, then the interpreters behind those."""
    shims = [folder for folder in folders if Path(folder).name == "shims"]
    rest = [folder for folder in folders if folder not in shims]
    return [str(venv / "bin"), *rest, *(str(folder) for shim in shims for folder in interpreters(Path(shim)))]


def interpreters(shims: Path) -> list[Path]:
    """ansible-test would start a shim and find that its Python is not the one that the name promised."""
    return sorted({python.parent for python in shims.parent.glob("versions/*/bin/python3.*[0-9]")})
