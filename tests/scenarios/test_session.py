# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions in RAM that are saved when the host goes down, under each version of systemd."""

from __future__ import annotations

import json
import random
import time

import pytest

from .conftest import Host

DATA = "/run/initramfs/overlayroot/data/overlayroot"
CUTS = 6
SEED = 20261121


@pytest.fixture(scope="module", params=["12", "13"])
def host(request, folder):
    host = Host(
        f"overlayroot-session-{request.param}",
        folder,
        {
            "overlayroot_persistence": "session",
            "overlayroot_disks": [{"device": "/dev/vdb", "fstype": "ext4", "label": "overlayroot"}],
            "overlayroot_data": "LABEL=overlayroot",
        },
    )
    host.start(request.param, disks=["256M"])
    assert host.play("provision").returncode == 0
    assert host.record()["persistence"] == "session"
    yield host
    host.guest.remove()


def generation(host):
    record = host.record()
    assert record["protected"] == "yes"
    return int(record["generation"])


def test_what_was_written_is_there_after_a_power_off(host):
    host.sh("echo one > /etc/session; ln /etc/session /etc/same; rm /etc/issue.net; sed -i s/^root:x/root:x/ /etc/passwd")
    since = host.guest.console.size()
    host.boot()
    assert generation(host) == 1
    assert host.sh("cat /etc/session; stat -c %h /etc/same; ls /etc | grep -c '^issue.net$' || :").split() == ["one", "2", "0"]
    assert "overlayroot: the session is saved as session-" in host.guest.console.text(since)


def test_its_file_systems_are_clean(host):
    """The kernel says what it recovers, and the check in the initramfs what it repairs."""
    assert "recover" not in host.sh("dmesg | grep EXT4-fs")
    assert host.sh("dumpe2fs -h /dev/vdb 2>/dev/null | grep -i '^filesystem state'").endswith("clean")


def test_a_second_session_lies_on_the_first_after_a_reboot(host):
    host.sh("echo two >> /etc/session")
    host.guest.reboot()
    assert generation(host) == 2
    assert host.sh("cat /etc/session").split() == ["one", "two"]
    assert json.loads(host.sh("overlayrootctl check --json"))["problems"] == []


def session(host):
    return host.sh("cat /etc/session").split()


def test_a_session_is_discarded_once(host):
    number = generation(host)
    host.sh("echo three >> /etc/session; overlayrootctl discard-session")
    host.guest.reboot()
    assert (generation(host), session(host)) == (number, ["one", "two"])
    host.boot("overlayroot.discard")
    assert (generation(host), host.record()["persistence"]) == (number + 1, "none")
    host.sh("echo four >> /etc/session")
    host.guest.reboot()
    assert (generation(host), session(host)) == (number + 1, ["one", "two"])


def test_a_root_that_cannot_be_left_is_saved_before(host):
    number = generation(host)
    host.sh(f"mkdir {DATA}/shutdown; echo five >> /etc/session")
    since = host.guest.console.size()
    host.guest.reboot()
    assert (generation(host), session(host)) == (number + 1, ["one", "two", "five"])
    assert "is saved while the host still runs" in host.guest.console.text(since)
    assert host.sh(f"cd {DATA}; ls -d shutdown transit 2>/dev/null || :") == ""


def test_no_room_is_said_and_what_was_saved_stays(host):
    number = generation(host)
    host.sh(f"dd if=/dev/zero of={DATA}/filler bs=1M status=none || :; dd if=/dev/urandom of=/etc/large bs=1M count=8 status=none")
    since = host.guest.console.size()
    host.guest.reboot()
    assert "THE SESSION IS LOST" in host.guest.console.text(since)
    assert (generation(host), session(host)) == (number, ["one", "two", "five"])
    host.sh(f"rm {DATA}/filler; overlayrootctl check --repair")


def test_a_power_cut_leaves_the_old_or_the_new_session(host):
    chance = random.Random(SEED)
    new = 0
    for number in range(CUTS):
        before, lines = generation(host), host.sh("cat /etc/session").split()
        host.sh(f"echo cut-{number} >> /etc/session; mkdir /etc/many; cd /etc/many; seq 400 | xargs touch")
        since = host.guest.console.size()
        host.guest.ssh("sudo systemctl poweroff", check=False)
        host.guest.console.wait("saving the session", 90, since, host.guest.running)
        time.sleep(chance.uniform(0, 3))
        host.guest.cut()
        host.guest.boot()
        host.guest.wait()
        after = host.sh("cat /etc/session").split()
        assert (generation(host), after) in ((before, lines), (before + 1, [*lines, f"cut-{number}"]))
        new += generation(host) > before
        assert json.loads(host.sh("overlayrootctl check --repair --json"))["problems"] == []
        host.sh("rm -rf /etc/many; overlayrootctl discard-session --withdraw")
    print(f"{CUTS} power cuts, {new} of them after the session was saved; no saved session was lost")
