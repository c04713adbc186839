# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that go down under each init system that is not systemd: sessions in RAM are saved, an upper on the disk is left clean.

The hosts run side by side, so each may take longer.
"""

from __future__ import annotations

import shlex
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import TOP, Host, play
from .test_session import DATA, generation, reported, wait_until_noted, written

BASE = "/run/initramfs/overlayroot/base"
NAME = "overlayroot-halt-"
# The backend for sessions, and that for an upper on the disk.
RELEASES = {
    "12-sysvinit": ("unionfs_fuse", "unionfs_fuse"),
    "12-openrc": ("overlay", "unionfs_fuse"),
    "13-busybox": ("overlay", "overlay"),
}
VARIABLES = {
    "overlayroot_persistence": "session",
    "overlayroot_disks": [{"device": "/dev/vdb", "fstype": "ext4", "label": "overlayroot"}],
    "overlayroot_data": "LABEL=overlayroot",
    # Beside others it takes longer.
    "overlayroot_fold_seconds": 300,
    # busybox has no shutdown.
    "overlayroot_reboot_command": "reboot",
    "overlayroot_reboot_timeout": 3 * 600,
}
# The initramfs is made when the host is provisioned.
INSTALL_UNIONFS_FUSE = """
cd /etc/initramfs-tools
cp update-initramfs.conf /run
echo update_initramfs=no > update-initramfs.conf
apt-get install -y -q --no-install-recommends unionfs-fuse
cp /run/update-initramfs.conf .
"""
FINGERPRINT = (TOP / "tests/vm/fingerprint.py").read_text()


def together(work, hosts):
    """What a function returns for each host; they share the machine's processors."""
    with ThreadPoolExecutor(len(hosts)) as pool:
        return dict(zip((host.guest.name for host in hosts), pool.map(work, hosts)))


def fingerprint(host):
    return set(host.sh(f"python3 -c {shlex.quote(FINGERPRINT)}").splitlines())


@pytest.fixture(scope="module")
def machines(folder):
    """The hosts, provisioned, and their fingerprints from before."""
    hosts = {
        Host(NAME + release, folder, {**VARIABLES, "overlayroot_backend": first}): release
        for release, (first, _then) in RELEASES.items()
    }
    for host in hosts:
        host.guest.boot_seconds *= len(hosts)
    try:
        together(lambda host: host.start(hosts[host], disks=["256M"]), hosts)
        together(lambda host: host.sh(INSTALL_UNIONFS_FUSE), [host for host in hosts if backend_on_disk(host) == "unionfs_fuse"])
        # It orders all scripts whenever one comes or goes; what an image has of it may be older than its last script.
        together(lambda host: host.sh("! command -v insserv || insserv"), hosts)
        before = together(fingerprint, hosts)
        assert play(list(hosts), "provision").returncode == 0
        yield list(hosts), before
    finally:
        for host in hosts:
            host.guest.remove()


def backend_on_disk(host):
    return RELEASES[host.guest.name[len(NAME) :]][1]


def check_clean(host, since):
    """The check in the initramfs says what it repairs, and the kernel what it recovers."""
    booted = host.guest.console.text(since)
    assert "overlayroot: clean," in booted
    assert "recovering journal" not in booted
    assert "recover" not in host.sh("dmesg | grep EXT4-fs")


def test_what_was_written_is_there_after_a_power_off(machines):
    def check(host):
        host.sh("echo one > /etc/session; ln /etc/session /etc/same; rm /etc/issue.net")
        since = host.guest.console.size()
        host.boot()
        assert generation(host) == 1
        assert host.sh("cat /etc/session; stat -c %h /etc/same; ls /etc | grep -c '^issue.net$' || :").split() == ["one", "2", "0"]
        assert "overlayroot: the session is saved as session-" in host.guest.console.text(since)
        assert reported(host) == "saved"
        check_clean(host, since)
        wait_until_noted(host)

    together(check, machines[0])


def test_a_root_that_cannot_be_left_is_saved_before(machines):
    host = machines[0][0]
    host.sh("echo two >> /etc/session; ln -s /bin/false /usr/local/sbin/pivot_root")
    since = host.guest.console.size()
    host.guest.reboot()
    assert "overlayroot: the root cannot be left" in host.guest.console.text(since)
    assert (written(host), reported(host)) == (["one", "two"], "transit")
    assert host.sh(f"cd {DATA}; ls -d shutdown transit 2>/dev/null || :") == ""
    check_clean(host, since)
    host.sh("rm /usr/local/sbin/pivot_root")


def test_a_reboot_saves_the_session_before_it_becomes_an_upper_on_the_disk(machines):
    def check(host):
        host.sh("echo last >> /etc/session")
        changes = f"s/^persistence=.*/persistence=upper/; s/^backend=.*/backend={backend_on_disk(host)}/"
        host.sh(f"mount -o remount,rw {BASE}; sed -i '{changes}' {BASE}/etc/overlayroot/boot.conf")
        since = host.guest.console.size()
        host.guest.reboot()
        assert "the session is a layer of its own for now" not in host.guest.console.text(since)
        record = host.record()
        assert (record["backend"], record["reason"], record["persistence"]) == (backend_on_disk(host), "", "upper")
        assert written(host)[-1] == "last"

    together(check, machines[0])


def test_an_upper_on_the_disk_is_left_clean(machines):
    def check(host):
        host.sh(f"echo kept >> /etc/session; rm /etc/issue; mkdir -p {DATA}/trash/0/old; touch {DATA}/trash/0/old/file")
        since = host.guest.console.size()
        host.boot()
        assert (written(host)[-2:], host.sh("ls /etc/issue 2>/dev/null || :")) == (["last", "kept"], "")
        assert host.sh(f"ls {DATA}/trash") == ""
        said = host.guest.console.text(since)
        assert "the root cannot be left" not in said
        assert "the data file system is not clean" not in said
        check_clean(host, since)

    together(check, machines[0])


def test_the_host_is_as_it_was(machines):
    """The data file system is not mounted then."""
    hosts, before = machines
    assert play(hosts, "unprovision").returncode == 0
    together(check_last, hosts)
    after = together(fingerprint, hosts)
    assert {name: lines ^ before[name] for name, lines in after.items()} == dict.fromkeys(before, set())


def check_last(host):
    host.sh("fsck.ext4 -f -n /dev/vdb; mount -o ro /dev/vdb /mnt")
    newest = host.sh("cd /mnt/overlayroot; tail -n 1 generations/$(cat boot/current)")
    assert host.sh(f"cat /mnt/overlayroot/layers/{newest}/etc/session").split()[-1] == "last"
    host.sh("umount /mnt")
