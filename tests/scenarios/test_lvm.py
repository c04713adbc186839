# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A root and a data file system on LVM, with /boot bound in from elsewhere."""

from __future__ import annotations

import pytest

from .conftest import Host

# The system moves into a logical volume; the boot loader goes on reading the first disk.
MOVE = r"""
pvcreate -qq /dev/vdb
vgcreate -qq lab /dev/vdb
lvcreate -qq -n root -L 1500M lab
lvcreate -qq -n data -L 300M lab
mkfs.ext4 -q /dev/lab/root
mkfs.ext4 -q -L overlayroot /dev/lab/data
mount /dev/lab/root /mnt
cp -ax /. /mnt
mkdir -p /mnt/first
printf '%s\n' '/dev/mapper/lab-root / ext4 errors=remount-ro 0 1' \
    'LABEL=overlayroot-root /first ext4 defaults 0 2' '/first/boot /boot none bind 0 0' > /mnt/etc/fstab
umount /mnt
sed -i 's#root=[^ ]*#root=/dev/mapper/lab-root#' /boot/grub/grub.cfg
update-initramfs -u
sync
"""


@pytest.fixture(scope="module")
def host(folder):
    host = Host(
        "overlayroot-lvm",
        folder,
        {"overlayroot_persistence": "upper", "overlayroot_data": "/dev/lab/data", "overlayroot_on_failure": "closed"},
    )
    host.start("12", disks=["2G"])
    yield host
    host.guest.remove()


def test_a_root_on_lvm_becomes_a_union(host):
    host.sh(MOVE)
    host.guest.reboot()
    assert host.sh("findmnt -no SOURCE /") == "/dev/mapper/lab-root"
    # /boot is bound from a file system of the host, so it stays as it is.
    done = host.play("provision", overlayroot_mounts=[{"path": "/boot", "policy": "skip"}])
    assert done.returncode == 0
    assert host.record()["protected"] == "yes"
    assert host.sh("findmnt -no SOURCE /run/initramfs/overlayroot/base") == "/dev/mapper/lab-root"
    assert host.sh("findmnt -no SOURCE /run/initramfs/overlayroot/data") == "/dev/lab/data"
    assert host.sh("systemctl is-system-running --wait") == "running"


def test_the_upper_survives_a_reboot(host):
    host.sh("echo kept > /etc/kept")
    host.guest.reboot()
    assert host.record()["protected"] == "yes"
    assert host.sh("cat /etc/kept") == "kept"
