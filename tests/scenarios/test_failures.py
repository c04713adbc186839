# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One machine with its upper on a disk, through all that can go wrong at its boot. The tests are in order:
each leaves the machine as the next expects it, protected but where its name says otherwise."""

from __future__ import annotations

import json

import pytest

from .conftest import Host

STORE = "/run/initramfs/overlayroot/data/overlayroot"
FSTAB = """
LABEL=EXCHANGE /media/exchange exfat defaults,nofail 0 0
LABEL=NOWHERE /media/nowhere exfat defaults,nofail,x-systemd.device-timeout=2s 0 0
127.0.0.1:/export /srv/nas nfs nofail,x-systemd.mount-timeout=5s 0 0
/swapfile none swap sw 0 0
"""


@pytest.fixture(scope="module")
def host(folder):
    host = Host(
        "overlayroot-failures",
        folder,
        {
            "overlayroot_persistence": "upper",
            "overlayroot_disks": [{"device": "/dev/vdb"}],
            "overlayroot_data": "LABEL=overlayroot",
        },
    )
    host.start("13", disks=["1G", "64M:exfat:EXCHANGE", "64M:vfat:OTHER"])
    yield host
    host.guest.remove()


def test_bad_input_is_refused_before_anything_is_changed(host):
    before = host.sh("find /etc /usr/local /boot -newer /proc/1/cmdline | sort")
    for variables, message in (
        ({"overlayroot_disks": [{"device": "/dev/vdd"}]}, "/dev/vdd holds vfat, not ext4 labelled overlayroot"),
        ({"overlayroot_disks": [], "overlayroot_data": "LABEL=OTHER"}, "holds vfat, which cannot hold an upper"),
        ({"overlayroot_disks": [], "overlayroot_data": "", "overlayroot_persistence": "none",
          "overlayroot_ram_size": "900g"}, "is more than the host's memory"),
        ({"overlayroot_disks": [], "overlayroot_data": "", "overlayroot_persistence": "none",
          "overlayroot_mounts": [{"path": "/srv", "policy": "union"}]}, "fstab has no file system there"),
    ):
        done = host.play("provision", **variables)
        assert done.returncode != 0
        assert message in " ".join(done.stdout.split())
    assert host.sh("find /etc /usr/local /boot -newer /proc/1/cmdline | sort") == before


def test_a_rival_is_refused_by_name(host):
    host.sh("dpkg --unpack --force-depends --no-triggers /srv/packages/overlayroot_*.deb")
    done = host.play("provision", overlayroot_disks=[], overlayroot_data="", overlayroot_persistence="none")
    host.sh("dpkg --purge --no-triggers overlayroot")
    assert done.returncode != 0
    assert "apt-get purge overlayroot" in done.stdout


def test_a_host_without_an_initramfs_tool_is_refused(host):
    host.sh("mv /usr/sbin/update-initramfs /root")
    done = host.play("provision", overlayroot_disks=[], overlayroot_data="", overlayroot_persistence="none")
    host.sh("mv /root/update-initramfs /usr/sbin")
    assert done.returncode != 0
    assert "Install initramfs-tools" in done.stdout


def test_a_broken_fstab_is_refused(host):
    host.sh("cp /etc/fstab /root/fstab && echo 'LABEL=lonely' >> /etc/fstab")
    done = host.play("provision", overlayroot_disks=[], overlayroot_data="", overlayroot_persistence="none")
    host.sh("mv /root/fstab /etc/fstab")
    assert done.returncode != 0
    assert "fstab line" in done.stdout


def test_missing_and_foreign_file_systems_do_not_stop_a_protected_boot(host):
    host.sh(f"mkdir -p /media/exchange /media/nowhere /srv/nas; cat >> /etc/fstab <<'END'{FSTAB}END")
    host.sh("fallocate -l 16M /swapfile && chmod 600 /swapfile && mkswap -q /swapfile")
    assert host.play("provision").returncode == 0
    assert host.record()["protected"] == "yes"
    assert host.sh("findmnt -no FSTYPE /media/exchange") == "exfat"
    host.sh("touch /media/exchange/written")
    assert host.sh("swapon --show=NAME --noheadings") == ""
    assert host.sh(f"test ! -e {STORE}/upper/swapfile && echo not copied up") == "not copied up"
    assert host.play("status").returncode == 0


def test_a_kernel_without_the_union_is_told(host):
    host.sh("mkdir /lib/modules/9.9-other && cpio --quiet -o -H newc < /dev/null > /boot/initrd.img-9.9-other")
    done = host.play("status")
    host.sh("rm -r /lib/modules/9.9-other /boot/initrd.img-9.9-other")
    assert done.returncode != 0
    assert "9.9-other" in done.stdout


def test_layers_are_stacked_and_a_generation_can_be_visited(host):
    host.sh(f"""
        mkdir -p {STORE}/layers/first/etc {STORE}/layers/second/etc
        echo first | tee {STORE}/layers/first/etc/layer > {STORE}/layers/first/etc/only-first
        echo second > {STORE}/layers/second/etc/layer
        echo first > {STORE}/generations/1
        printf 'first\\nsecond\\n' > {STORE}/generations/2
        echo 2 | tee {STORE}/boot/current > {STORE}/boot/upper
        echo kept > /etc/kept
        """)
    host.guest.reboot()
    assert host.record()["layers"] == "2"
    assert host.sh("cat /etc/layer /etc/only-first /etc/kept").split() == ["second", "first", "kept"]

    host.boot("overlayroot.generation=1")
    assert (host.record()["generation"], host.record()["persistence"]) == ("1", "none")
    assert host.sh("cat /etc/layer") == "first"
    assert host.sh("test ! -e /etc/kept && echo gone") == "gone"

    host.guest.reboot()
    assert host.sh("cat /etc/layer /etc/kept").split() == ["second", "kept"]


def test_a_commit_takes_the_place_of_the_root_device(host):
    """The upper is not in it: it is left to a rollback to give that up."""
    made = json.loads(host.sh("overlayrootctl commit --store whole --without-upper --compression lz4 --drop-acls --json"))
    assert (made["generation"], made["next_boot"]) == (3, False)
    host.sh("overlayrootctl rollback 3")
    host.guest.reboot()
    assert (host.record()["generation"], host.record()["persistence"]) == ("3", "upper")
    assert "lowerdir=/run/initramfs/overlayroot/image," in host.sh("findmnt -no FS-OPTIONS --mountpoint /")
    assert host.sh("findmnt -no FSTYPE /run/initramfs/overlayroot/image") == "squashfs"
    assert host.sh("cat /etc/layer /etc/only-first").split() == ["second", "first"]
    assert host.sh("test ! -e /etc/kept && echo gone") == "gone"
    assert host.play("status").returncode == 0


def test_a_rollback_leaves_an_image(host):
    host.sh("overlayrootctl rollback 2")
    host.guest.reboot()
    assert host.record()["generation"] == "2"
    assert host.sh("cat /etc/layer /etc/only-first").split() == ["second", "first"]


def test_the_console_can_ask_for_a_reset(host):
    host.sh("touch /etc/kept")
    host.boot("overlayroot.reset")
    assert host.sh("test ! -e /etc/kept && cat /etc/layer") == "second"


def test_a_full_upper_still_boots(host):
    host.sh("dd if=/dev/zero of=/var/filler bs=1M status=none || true")
    host.guest.reboot()
    assert host.record()["protected"] == "yes"
    host.sh("rm /var/filler")


def test_a_power_cut_leaves_a_host_that_boots(host):
    host.sh("echo kept > /etc/kept; sync; dd if=/dev/urandom of=/var/half bs=1M count=20 status=none")
    host.guest.cut()
    host.guest.boot()
    host.guest.wait()
    assert host.record()["protected"] == "yes"
    assert host.sh("cat /etc/kept") == "kept"


def test_a_broken_store_opens_with_a_reason(host):
    host.sh(f"mv {STORE}/layers/first {STORE}/layers/lost")
    host.guest.reboot()
    assert host.record()["protected"] == "no"
    assert host.record()["reason"] == "generation 2: layer first is missing"
    assert host.sh("findmnt -no FSTYPE /") == "ext4"
    done = host.play("status")
    assert done.returncode != 0
    assert "layer first is missing" in done.stdout


def test_a_missing_disk_opens_with_a_reason(host):
    """From here on the machine is unprotected, and its base is writable."""
    host.sh("mount /dev/vdb /mnt && mv /mnt/overlayroot/layers/lost /mnt/overlayroot/layers/first && umount /mnt")
    host.sh("e2label /dev/vdb elsewhere")
    host.guest.reboot()
    assert host.record()["protected"] == "no"
    assert host.record()["reason"] == "data file system LABEL=overlayroot not found"


def test_a_missing_disk_that_fails_closed_ends_in_a_shell(host):
    host.sh("sed -i s/^on_failure=open/on_failure=closed/ /etc/overlayroot/boot.conf; sync")
    host.guest.shutdown()
    host.guest.boot()
    host.guest.wait_console(r"does not start without its union: data file system LABEL=overlayroot not found")
    host.guest.wait_console(r"\(initramfs\)", 30)
    host.guest.cut()


def test_the_operator_gets_in_by_the_kernel_command_line(host):
    host.guest.boot("overlayroot.mode=off")
    host.guest.wait()
    assert host.record()["reason"] == "overlayroot.mode=off on the kernel command line"
    host.sh("e2label /dev/vdb overlayroot")
    host.guest.reboot()
    assert host.record()["protected"] == "yes"
    assert host.sh("cat /etc/kept") == "kept"
