# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script with which ansible-test puts pip into the environments that it makes."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

from .checkout import Checkout
from .progress import tell

CACHE = Path("~/.ansible/test/cache").expanduser()

# Called with the packages to install and options of the real script that pip does not know.
STAND_IN = """\
import os
import subprocess
import sys

os.environ.pop("PIP_CONFIG_FILE", None)
arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "ensurepip"])
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
"""


def ensure(checkout: Checkout) -> None:
    """Where the real script is out of reach, one of the same effect takes its place."""
    (ansible_test,) = checkout.venv.glob("lib/python*/site-packages/ansible_test")
    wanted = (ansible_test / "_internal/python_requirements.py").read_text()
    fetched = (ansible_test / "_util/target/setup/requirements.py").read_text()
    for url, name in scripts(wanted, fetched):
        if not (CACHE / name).exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            (CACHE / name).write_bytes(_download(url) or STAND_IN.encode())


def scripts(wanted: str, fetched: str) -> list[tuple[str, str]]:
    """Addresses and file names, as ansible-test's own sources give them."""
    addresses = re.findall(r"url = '(\S+%s\S+)' % pip_version", fetched)
    versions = sorted(set(re.findall(r"\bpip='([\d.]+)'", wanted)))
    return [(url % version, f"get_pip_{version.replace('.', '_')}.py") for url in addresses for version in versions]


def _download(url: str) -> bytes | None:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read()
    except OSError:
        tell(f"{url} is out of reach; ansible-test gets pip from Python's own ensurepip instead.")
        return None
