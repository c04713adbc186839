# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One machine with a kernel that has aufs, given by OVERLAYROOT_AUFS_KERNEL, the path of a bzImage with everything built in.

The tests are in order. What aufs is beside the other backends, the matrix of molecule/matrix shows.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import TOP, Host

KERNEL = os.environ.get("OVERLAYROOT_AUFS_KERNEL")
pytestmark = pytest.mark.skipif(not KERNEL, reason="needs OVERLAYROOT_AUFS_KERNEL, a bzImage with aufs built in")

# The machine boots the kernel that its image came with again.
BOOT_STOCK = r"""
stock=$(ls /boot/vmlinuz-*-amd64 | head -n 1)
sed -i "s#/boot/vmlinuz-[^ ]*#$stock#; s#/boot/initrd.img-[^ ]*#/boot/initrd.img-${stock#*/vmlinuz-}#" /boot/grub/grub.cfg
"""


@pytest.fixture(scope="module")
def host(folder):
    host = Host(
        "overlayroot-aufs",
        folder,
        {
            "overlayroot_persistence": "upper",
            "overlayroot_disks": [{"device": "/dev/vdb"}],
            "overlayroot_data": "LABEL=overlayroot",
            "overlayroot_backend": "aufs",
            "overlayroot_backend_fallback": "overlay",
        },
    )
    host.start("12", disks=["1G"])
    send(host, Path(KERNEL).parent, "kernel", [Path(KERNEL).name])
    send(host, TOP / "tests/vm", "kernel", ["install-kernel.sh"])
    host.sh(f"/run/tests/kernel/install-kernel.sh /run/tests/kernel/{Path(KERNEL).name}")
    host.guest.reboot()
    assert host.play("provision").returncode == 0
    yield host
    host.guest.remove()


def root(host):
    """What the host's own tools say that its root is."""
    return host.sh("findmnt -no FSTYPE --mountpoint / | tail -n 1")


def test_a_session_is_saved(host):
    assert (host.record()["backend"], host.record()["reason"], root(host)) == ("aufs", "", "aufs")
    host.sh("echo aufs > /etc/of-aufs; rm -r /etc/apt; mkdir /etc/apt; echo a > /etc/apt/a; rm /etc/issue")
    host.sh("overlayrootctl save course")
    host.guest.reboot()
    assert (host.record()["backend"], host.record()["generation"]) == ("aufs", "1")
    check_kept(host)
    host.sh("overlayrootctl check --repair; overlayrootctl check")


def check_kept(host):
    assert host.sh("cat /etc/of-aufs; ls /etc/apt; ls /etc/issue 2>/dev/null || :").split() == ["aufs", "a"]


def test_unions_of_aufs_elsewhere(host):
    """The unit tests that find no aufs on other machines. Everything that they need is Python."""
    send(host, TOP, "ansible_collections/labs/overlayroot", ["plugins/module_utils", "tests/unit"])
    packages = ["pytest", "_pytest", "pluggy", "iniconfig", "packaging", "py.py", "pygments"]
    send(host, Path(pytest.__file__).parents[1], ".", packages)
    print(host.sh(
        "cd /run/tests; export PYTHONPATH=/run/tests PYTHONDONTWRITEBYTECODE=1;"
        " python3 -m pytest -q -p no:cacheprovider --noconftest --import-mode=importlib -k aufs"
        " ansible_collections/labs/overlayroot/tests/unit/plugins/module_utils/test_unions.py"
    ))


def test_nothing_is_complained_of_at_shutdown(host):
    host.sh("echo last > /etc/last")
    host.guest.shutdown()
    host.guest.boot()
    host.guest.wait()
    assert host.sh("cat /etc/last") == "last"
    assert host.sh("journalctl -b -1 -p err -q -o cat | grep -i aufs || :") == ""


def test_a_kernel_without_aufs_takes_the_fallback_at_its_boot(host):
    host.boot("overlayroot.mode=off")
    host.sh(BOOT_STOCK)
    host.guest.reboot()
    assert (host.record()["backend"], root(host)) == ("overlay", "overlay")
    assert host.record()["reason"] == "backend overlay, since this boot has no aufs"
    assert host.sh("cat /etc/last") == "last"
    check_kept(host)


def send(host, top, place, names):
    host.sh(f"mkdir -p /run/tests/{place}")
    packed = subprocess.run(["tar", "-C", str(top), "-c", *names], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(host.guest.ssh_argv("sudo", "tar", "-C", f"/run/tests/{place}", "-x"), input=packed, check=True)
