# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real machines for tests that break them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/vm"))

from labvm.guest import Guest  # noqa: E402
from labvm.inventory import inventory  # noqa: E402


class Host:
    """A guest with its inventory: what an operator has of it."""

    def __init__(self, name: str, folder: Path, variables: dict) -> None:
        self.guest = Guest(name)
        self.file = folder / f"{name}.json"
        self.variables = variables

    def start(self, release: str, **options) -> None:
        self.guest.remove()
        self.guest.start(release, **options)
        self.guest.wait()

    def sh(self, command: str) -> str:
        """What a command prints, run as root; it must succeed."""
        return self.guest.ssh("sudo", "sh", "-ec", _quote(command), seconds=600.0).stdout.strip()

    def play(self, playbook: str, *options: str, **variables) -> subprocess.CompletedProcess:
        """A playbook of the collection; its result, whether it failed or not."""
        return play([self], playbook, *options, **variables)

    def record(self) -> dict:
        """The boot record."""
        return dict(line.split("=", 1) for line in self.sh("cat /run/overlayroot/boot").splitlines())

    def boot(self, append: str = "") -> None:
        """Off and on again, cleanly, with words on the kernel command line."""
        self.guest.shutdown()
        self.guest.boot(append)
        self.guest.wait()


def play(hosts: list, playbook: str, *options: str, **variables) -> subprocess.CompletedProcess:
    """A playbook of the collection for several Hosts at once; its result, whether it failed or not."""
    found = inventory([host.guest.name for host in hosts])
    for host in hosts:
        found["all"]["hosts"][host.guest.name].update({**host.variables, **variables})
    hosts[0].file.write_text(json.dumps(found))
    argv = ["ansible-playbook", "-i", str(hosts[0].file), f"labs.overlayroot.{playbook}", *options]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout)
    return done


def _quote(command: str) -> str:
    return "'" + command.replace("'", "'\\''") + "'"


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("inventory")
