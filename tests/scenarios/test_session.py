# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions in RAM that are saved when the host goes down, under systemd."""

from __future__ import annotations

import json
import random
import re
import shlex
import time

import pytest

from .conftest import Host

DATA = "/run/initramfs/overlayroot/data/overlayroot"
TARGETS = "/run/initramfs/overlayroot/data/targets"
CUTS = 3
SEED = 20261121

# kexec_file_load(2), which the C library has no function for.
LOAD_KERNEL = """
import ctypes, os
release = os.uname().release
kernel, initrd = (os.open("/boot/%s-%s" % (name, release), os.O_RDONLY) for name in ("vmlinuz", "initrd.img"))
line = open("/proc/cmdline", "rb").read().strip() + b" by-kexec\\0"
assert ctypes.CDLL(None).syscall(320, kernel, initrd, ctypes.c_ulong(len(line)), line, 0) == 0
"""


@pytest.fixture(scope="module")
def host(folder):
    host = Host(
        "overlayroot-session",
        folder,
        {
            "overlayroot_persistence": "session",
            "overlayroot_disks": [{"device": "/dev/vdb", "fstype": "ext4", "label": "overlayroot"}],
            "overlayroot_data": "LABEL=overlayroot",
            "overlayroot_targets": [{"name": "blocked", "upper": "/run/blocked"}, {"name": "web", "upper": "/run/my web/upper"}],
        },
    )
    host.start("13", disks=["256M"])
    assert host.play("provision").returncode == 0
    assert host.record()["persistence"] == "session"
    yield host
    host.guest.remove()


def ctl(host, *words):
    """What a command of overlayrootctl returns."""
    return json.loads(host.sh("overlayrootctl " + " ".join((*words, "--json"))))


def generation(host):
    record = host.record()
    assert record["protected"] == "yes"
    return int(record["generation"])


def written(host):
    return host.sh("cat /etc/session").split()


def reported(host):
    return ctl(host, "status")["session"]["result"]


def wait_for_checksums(host):
    """The host reads in the background what nobody waited for: by a unit, under systemd."""
    host.sh("test -f /run/systemd/system/overlayroot-checksums.service")
    wait_until_noted(host)


def wait_until_noted(host):
    lacking = f"find {DATA}/layers {TARGETS}/*/layers -maxdepth 1 -name '*.json' | xargs -d '\\n' grep -L sha256"
    host.sh(f"for _ in $(seq 240); do [ -n \"$({lacking})\" ] || exit 0; sleep 1; done; exit 1")


def restart(host):
    """By kexec."""
    host.sh(f"python3 -c {shlex.quote(LOAD_KERNEL)}")
    host.guest.reboot("systemctl kexec")
    assert host.sh("cat /proc/cmdline").endswith(" by-kexec")


def test_what_was_written_is_there_after_a_power_off(host):
    host.sh("echo one > /etc/session; ln /etc/session /etc/same; rm /etc/issue.net; sed -i s/^root:x/root:x/ /etc/passwd")
    host.sh("seq -f /etc/one-of-%g 10 | xargs touch")
    host.sh(f"mkdir -p /run/blocked '/run/my web/upper' {TARGETS}; echo one | tee /run/blocked/page > '/run/my web/upper/page'; touch {TARGETS}/blocked")
    since = host.guest.console.size()
    host.boot()
    assert generation(host) == 1
    assert host.sh("cat /etc/session; stat -c %h /etc/same; ls /etc | grep -c '^issue.net$' || :").split() == ["one", "2", "0"]
    assert re.search(r"overlayroot: the session is saved as session-\w+: \d+ files, \d+ bytes", host.guest.console.text(since))
    told = ctl(host, "status")["session"]
    assert (told["result"], told["problem"]) == ("saved", "")
    assert (told["files"], told["bytes"]) > (10, 1000)
    assert [(target["name"], target["result"], target["files"]) for target in told["targets"]] == [("blocked", "lost", 0), ("web", "saved", 1)]
    assert "overlayroot: TARGET blocked IS LOST, for the reason above" in host.guest.console.text(since)
    assert host.sh(f"cat {TARGETS}/web/layers/*/page") == "one"


def test_its_file_systems_are_clean(host):
    """The kernel says what it recovers, and the check in the initramfs what it repairs."""
    assert "recover" not in host.sh("dmesg | grep EXT4-fs")
    assert host.sh("dumpe2fs -h /dev/vdb 2>/dev/null | grep -i '^filesystem state'").endswith("clean")


def test_a_second_session_is_folded_with_the_first(host):
    host.sh("echo two >> /etc/session; rm /etc/same; mkdir -p '/run/my web/upper'; echo two > '/run/my web/upper/second'")
    restart(host)
    assert (generation(host), host.record()["layers"]) == (2, "1")
    assert (written(host), host.sh("ls /etc | grep -E '^(same|issue.net)$' || :")) == (["one", "two"], "")
    assert "recover" not in host.sh("dmesg | grep EXT4-fs")
    wait_for_checksums(host)
    assert ctl(host, "check")["problems"] == ctl(host, "check", "--store", f"{TARGETS}/web")["problems"] == []
    layer = ctl(host, "generations", "--store", f"{TARGETS}/web")["generations"][-1]["layers"]
    assert (len(layer), host.sh(f"cd {TARGETS}/web/layers/{layer[0]}; cat page second").split()) == (1, ["one", "two"])
    assert [target["result"] for target in ctl(host, "status")["session"]["targets"]] == ["unchanged", "saved"]


def test_a_root_that_cannot_be_left_is_saved_before(host):
    host.sh(f"mkdir {DATA}/shutdown; echo three >> /etc/session")
    since = host.guest.console.size()
    host.guest.reboot()
    assert (generation(host), written(host)) == (3, ["one", "two", "three"])
    assert "is saved while the host still runs" in host.guest.console.text(since)
    assert host.sh(f"cd {DATA}; ls -d shutdown transit 2>/dev/null || :") == ""
    assert reported(host) == "transit"
    wait_for_checksums(host)


def test_a_session_is_discarded(host):
    host.sh("echo four >> /etc/session; overlayrootctl reset")
    host.boot("overlayroot.discard")
    assert (generation(host), host.record()["persistence"]) == (3, "none")
    assert (written(host), reported(host)) == (["one", "two", "three"], "discarded")
    # Nothing is read twice.
    assert host.sh("ls /run/systemd/system/overlayroot-checksums.service 2>/dev/null || :") == ""
    host.sh("echo five >> /etc/session")
    host.guest.reboot()
    assert (generation(host), written(host)) == (3, ["one", "two", "three"])


def test_no_room_is_said_and_what_was_saved_stays(host):
    host.sh(f"dd if=/dev/zero of={DATA}/filler bs=1M status=none || :; dd if=/dev/urandom of=/etc/large bs=1M count=8 status=none")
    since = host.guest.console.size()
    host.guest.reboot()
    assert "THE SESSION IS LOST" in host.guest.console.text(since)
    assert (generation(host), written(host), reported(host)) == (3, ["one", "two", "three"], "lost")
    host.sh(f"rm {DATA}/filler; overlayrootctl check --repair")


def test_a_power_cut_leaves_the_old_or_the_new_session(host):
    chance = random.Random(SEED)
    new = 0
    for number in range(CUTS):
        before, lines = generation(host), written(host)
        host.sh(f"echo cut-{number} >> /etc/session; mkdir -p /etc/many; cd /etc/many; seq 400 | xargs touch")
        since = host.guest.console.size()
        host.guest.ssh("sudo systemctl poweroff", check=False)
        host.guest.console.wait("saving the session", 90, since, host.guest.running)
        time.sleep(chance.uniform(0, 6))
        host.guest.cut()
        host.guest.boot()
        host.guest.wait()
        assert (generation(host), written(host)) in ((before, lines), (before + 1, [*lines, f"cut-{number}"]))
        new += generation(host) > before
        assert ctl(host, "check", "--repair")["problems"] == []
    print(f"{CUTS} power cuts, {new} of them after the session was saved; no saved session was lost")


def test_a_halted_host_needs_no_power(host):
    lines = written(host)
    host.sh("echo halted >> /etc/session")
    host.guest.ssh("sudo systemctl halt", check=False)
    host.guest.wait_console("reboot: System halted")
    host.guest.cut()
    host.guest.boot()
    host.guest.wait()
    assert (written(host), reported(host)) == ([*lines, "halted"], "saved")
    assert "recover" not in host.sh("dmesg | grep EXT4-fs")
