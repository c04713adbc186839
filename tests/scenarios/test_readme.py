# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory of the README, word for word, against two machines as it describes them."""

from __future__ import annotations

import json
import re
import subprocess

import pytest

from .conftest import TOP, Host, inventory

KIOSK, RUNNER = "kiosk.example.org", "runner.example.org"


def play(folder, playbook: str) -> str:
    """What a playbook prints; it must succeed."""
    argv = ["ansible-playbook", "-i", str(folder / "inventory.yml"), "-i", str(folder / "reach.json"), playbook]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0
    return done.stdout


@pytest.fixture(scope="module")
def hosts(folder):
    """The machines, with the README's inventory and, beside it, how they are reached from here."""
    example = re.search(r"^```yaml\n(all:\n.*?)^```$", (TOP / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    (folder / "inventory.yml").write_text(example.group(1))
    kiosk, runner = Host(KIOSK, folder, {}), Host(RUNNER, folder, {})
    kiosk.start("13")
    runner.start("12", disks=["1G"])
    (folder / "reach.json").write_text(json.dumps(inventory([KIOSK, RUNNER])))
    yield kiosk, runner
    kiosk.guest.remove()
    runner.guest.remove()


def test_two_hosts_from_the_readme(hosts, folder):
    kiosk, runner = hosts
    play(folder, "labs.overlayroot.provision")
    assert (kiosk.record()["protected"], kiosk.record()["persistence"]) == ("yes", "none")
    assert (runner.record()["protected"], runner.record()["persistence"]) == ("yes", "upper")
    assert runner.sh("findmnt -no OPTIONS /var/tmp | tr , '\\n' | grep size") == "size=524288k"
    assert "/overlayroot/keep/" in runner.sh("findmnt -no SOURCE /var/log/journal")
    status = play(folder, "labs.overlayroot.status")
    assert len(re.findall(r"(?:kiosk|runner)\.example\.org +yes ", status)) == 2


def test_what_was_changed_is_listed(hosts, folder):
    for host in hosts:
        host.sh("echo changed > /etc/overlayroot-changed; rm /etc/issue")
    shown = play(folder, "labs.overlayroot.diff")
    assert len(re.findall(r'"deleted": [1-9]', shown)) >= 2


def test_a_second_run_changes_nothing(hosts, folder):
    boots = [host.sh("cat /proc/sys/kernel/random/boot_id") for host in hosts]
    assert re.findall(r"changed=(\d+)", play(folder, "labs.overlayroot.provision")) == ["0", "0"]
    assert [host.sh("cat /proc/sys/kernel/random/boot_id") for host in hosts] == boots
