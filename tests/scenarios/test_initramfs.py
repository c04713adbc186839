# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts whose initramfs is made by something else than initramfs-tools: what they boot into, and what they are left as.

One set of checks for each: dracut without systemd in the initramfs and for any host (Debian 12), with systemd and for this
host only (13), and an image of busybox and kernel modules on a host without any tool.
"""

from __future__ import annotations

import json

import pytest

from .conftest import Host

WITHOUT_A_TOOL = "13-without"
RELEASES = ["12-dracut", "13-dracut", WITHOUT_A_TOOL]

WITH_A_SESSION = ("12-dracut", "13-dracut")
WITH_DRACUTS_EXIT_ROOT = "13-dracut"

# dracut has an exit root of its own where the root lies on more than a disk. What it runs there says what is still mounted.
DRACUT_EXITS = """
mkdir -p /run/initramfs/var/lib/dracut/hooks/shutdown
cat >/run/initramfs/var/lib/dracut/hooks/shutdown/told.sh <<'HOOK'
disks=0
while read -r device _; do case $device in /dev/vd*) disks=$((disks + 1)) ;; esac; done </proc/mounts
echo "dracut goes on, with $disks disks" >/dev/console
HOOK
touch /run/initramfs/.need_shutdown
"""

# What a host without a tool is like: a kernel and the image that it came with.
LEAVE_TOOLS = """
apt-get install -y -q busybox-static >/dev/null
dpkg --purge --force-depends initramfs-tools initramfs-tools-core dracut-install >/dev/null 2>&1 || :
! command -v update-initramfs
"""


@pytest.fixture(scope="module", params=RELEASES)
def host(request, folder):
    host = Host(
        f"overlayroot-initramfs-{request.param}",
        folder,
        {
            "overlayroot_persistence": "session" if request.param in WITH_A_SESSION else "upper",
            "overlayroot_disks": [{"device": "/dev/vdb", "fstype": "ext4", "label": "overlayroot"}],
            "overlayroot_data": "LABEL=overlayroot",
            "overlayroot_on_failure": "closed",
        },
    )
    host.start("13" if request.param == WITHOUT_A_TOOL else request.param, disks=["256M"])
    if request.param == WITHOUT_A_TOOL:
        host.sh(LEAVE_TOOLS)
    host.found = host.sh("sha256sum /boot/initrd.img-*")
    assert host.play("provision").returncode == 0
    yield host
    host.guest.remove()


def test_the_root_is_a_union(host):
    record = host.record()
    assert (record["protected"], record["persistence"], record["reason"]) == ("yes", host.variables["overlayroot_persistence"], "")
    assert host.sh("findmnt -no FSTYPE /") == "overlay"
    assert host.sh("systemctl --failed --no-legend") == ""


def test_the_status_finds_nothing_wrong(host):
    status = json.loads(host.sh("overlayrootctl status --json"))
    assert [one["lacking"] for one in status["initramfs"]] == [[]]


def test_what_was_written_is_a_layer_after_a_save(host):
    host.sh("echo kept > /etc/session")
    if host.variables["overlayroot_persistence"] == "session":
        exits = host.guest.name.endswith(WITH_DRACUTS_EXIT_ROOT)
        if exits:
            host.sh(DRACUT_EXITS)
        since = host.guest.console.size()
        host.guest.reboot()
        assert "the session is saved as session-" in host.guest.console.text(since)
        assert ("dracut goes on, with 0 disks" in host.guest.console.text(since)) == exits
    else:
        assert host.play("save", overlayroot_save_id="course", overlayroot_save_reboot=True).returncode == 0
    record = host.record()
    assert (record["generation"], record["layers"], host.sh("cat /etc/session")) == ("1", "1", "kept")
    assert "recover" not in host.sh("dmesg | grep EXT4-fs")


def test_a_host_without_its_data_does_not_start(host):
    """It is closed: with panic=N it boots again after so many seconds."""
    host.sh("tune2fs -L elsewhere /dev/vdb")
    since = host.guest.console.size()
    host.guest.shutdown()
    host.guest.boot("panic=2 rootdelay=3")
    host.guest.wait_console("does not start without its union: data file system LABEL=overlayroot not found")
    host.guest.console.wait("Booting `", 120, since, host.guest.running)
    host.guest.cut()
    host.guest.boot("overlayroot.mode=off")
    host.guest.wait()
    host.sh("tune2fs -L overlayroot /dev/vdb")
    assert host.record()["protected"] == "no"


def test_it_is_left_as_it_was_found(host):
    assert host.play("unprovision").returncode == 0
    assert host.sh("findmnt -no FSTYPE /") == "ext4"
    assert host.sh("sha256sum /boot/initrd.img-*") == host.found
    assert host.sh("ls -d /etc/overlayroot /usr/local/lib/overlayroot /usr/lib/dracut/modules.d/90labs-overlayroot 2>/dev/null || :") == ""
