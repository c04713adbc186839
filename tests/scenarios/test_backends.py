# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""One machine that goes from backend to backend, and loses nothing by it. The tests are in order.

A kernel with aufs is given by OVERLAYROOT_AUFS_KERNEL, the path of a bzImage with everything built in.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from .conftest import TOP, Host

KERNEL = os.environ.get("OVERLAYROOT_AUFS_KERNEL")
BASE = "/run/initramfs/overlayroot/base"
STORE = "/run/initramfs/overlayroot/data/overlayroot"
NEEDS_KERNEL = pytest.mark.skipif(not KERNEL, reason="needs OVERLAYROOT_AUFS_KERNEL, a bzImage with aufs built in")

# The machine boots the kernel that its image came with again.
BOOT_STOCK = r"""
stock=$(ls /boot/vmlinuz-*-amd64 | head -n 1)
sed -i "s#/boot/vmlinuz-[^ ]*#$stock#; s#/boot/initrd.img-[^ ]*#/boot/initrd.img-${stock#*/vmlinuz-}#" /boot/grub/grub.cfg
"""


@pytest.fixture(scope="module")
def host(folder):
    host = Host(
        "overlayroot-backends",
        folder,
        {
            "overlayroot_persistence": "upper",
            "overlayroot_disks": [{"device": "/dev/vdb"}],
            "overlayroot_data": "LABEL=overlayroot",
        },
    )
    host.start("12", disks=["1G"])
    yield host
    host.guest.remove()


def root(host):
    """What the host's own tools say that its root is."""
    return host.sh("findmnt -no FSTYPE --mountpoint / | tail -n 1")


def check_kept(host):
    """What was saved in a layer, and what was written since."""
    assert host.sh("cat /etc/saved /etc/written; ls /usr/share/moved | sort | head -n 1; cat /srv/a; echo $(stat -c %h /srv/a)") == (
        "saved\nwritten\nbash\nlinked\n2"
    )
    assert host.sh("ls -d /etc/issue.net /etc/issue /etc/init.d/dbus 2>/dev/null || :") == "/etc/init.d/dbus"
    assert host.sh("systemctl is-system-running --wait || systemctl --failed --no-legend") == "running"


def test_a_backend_that_is_not_there_is_refused_before_anything_is_changed(host):
    done = host.play("provision", overlayroot_backend="aufs")
    assert done.returncode != 0
    assert "Set overlayroot_backend_fallback to one that it has: overlay" in " ".join(done.stdout.split())
    assert host.sh("ls -d /etc/overlayroot 2>/dev/null || :") == ""


def test_the_fallback_is_taken_and_told_of(host):
    host.sh("apt-get install -y -q unionfs-fuse")
    done = host.play("provision", overlayroot_backend="aufs", overlayroot_backend_fallback="overlay")
    assert done.returncode == 0
    assert (host.record()["protected"], host.record()["backend"], root(host)) == ("yes", "overlay", "overlay")
    assert host.record()["reason"] == "backend overlay, since this boot has no aufs"
    assert "since this boot has no aufs" in host.sh("overlayrootctl status")


def test_a_session_is_saved_on_overlay(host):
    host.sh("""
        echo saved > /etc/saved; rm /etc/issue.net
        mv /usr/share/bash-completion /usr/share/moved; mkdir /usr/share/moved/bash
        echo linked > /srv/a; ln /srv/a /srv/b
        overlayrootctl save first
        """)
    host.guest.reboot()
    host.sh("echo written > /etc/written; rm /etc/issue")
    check_kept(host)


def test_the_host_goes_on_with_unionfs_fuse(host):
    assert host.play("provision", overlayroot_backend="unionfs_fuse").returncode == 0
    assert (host.record()["backend"], host.record()["reason"], root(host)) == ("unionfs_fuse", "", "fuse.unionfs")
    check_kept(host)
    host.sh("echo fuse > /etc/of-fuse; rm /etc/debian_version")
    since = host.guest.console.size()
    host.guest.reboot()
    check_kept(host)
    assert host.sh("cat /etc/of-fuse; ls /etc/debian_version 2>/dev/null || :") == "fuse"
    # The check in the initramfs repairs what the kernel would recover.
    assert "overlayroot: recovering journal" not in host.guest.console.text(since)
    assert "Failed to unmount" not in host.guest.console.text(since)
    assert "recover" not in host.sh("dmesg | grep EXT4-fs")


@NEEDS_KERNEL
def test_the_host_goes_on_with_aufs(host):
    host.boot("overlayroot.mode=off")
    send(host, Path(KERNEL).parent, "kernel", [Path(KERNEL).name])
    send(host, TOP / "tests/vm", "kernel", ["install-kernel.sh"])
    # No program is run from there.
    host.sh(f"sh /run/tests/kernel/install-kernel.sh /run/tests/kernel/{Path(KERNEL).name}")
    assert host.play("provision", overlayroot_backend="aufs", overlayroot_backend_fallback="overlay").returncode == 0
    assert (host.record()["backend"], host.record()["reason"], root(host)) == ("aufs", "", "aufs")
    check_kept(host)
    host.sh("echo aufs > /etc/of-aufs; rm -r /etc/apt; mkdir /etc/apt; echo a > /etc/apt/a")
    host.sh("overlayrootctl save second")
    host.guest.reboot()
    assert (host.record()["backend"], host.record()["generation"]) == ("aufs", "2")
    check_kept(host)
    assert host.sh("cat /etc/of-aufs /etc/of-fuse; ls /etc/apt").split() == ["aufs", "fuse", "a"]
    assert host.sh("overlayrootctl check --json | grep -c sha256 || :") == "0"


@NEEDS_KERNEL
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


@NEEDS_KERNEL
def test_nothing_is_complained_of_at_shutdown(host):
    host.sh("echo last > /etc/last")
    host.guest.shutdown()
    host.guest.boot()
    host.guest.wait()
    assert host.sh("cat /etc/last") == "last"
    assert host.sh("journalctl -b -1 -p err -q -o cat | grep -i aufs || :") == ""


@NEEDS_KERNEL
def test_a_kernel_without_aufs_takes_the_fallback_at_its_boot(host):
    host.boot("overlayroot.mode=off")
    host.sh(BOOT_STOCK)
    host.guest.reboot()
    assert (host.record()["backend"], root(host)) == ("overlay", "overlay")
    assert host.record()["reason"] == "backend overlay, since this boot has no aufs"
    assert host.sh("cat /etc/last; ls /etc/apt").split() == ["last", "a"]
    check_kept(host)


def test_the_host_comes_back_to_overlay(host):
    assert host.play("provision").returncode == 0
    assert (host.record()["backend"], host.record()["reason"], root(host)) == ("overlay", "", "overlay")
    check_kept(host)
    assert host.sh("cat /etc/of-fuse; ls /etc/debian_version 2>/dev/null || :") == "fuse"
    assert host.sh(f"ls -d {STORE}/upper*") == f"{STORE}/upper"
    host.sh("overlayrootctl check --repair >/dev/null; overlayrootctl check")


def test_a_session_is_saved_on_unionfs_fuse(host):
    """It lies on the layers; what was written to the disk since stays there."""
    changes = "s/^persistence=.*/persistence=session/; s/^backend=.*/backend=unionfs_fuse/"
    host.sh(f"mount -o remount,rw {BASE}; sed -i '{changes}' {BASE}/etc/overlayroot/boot.conf")
    host.guest.reboot()
    assert (host.record()["backend"], host.record()["persistence"], root(host)) == ("unionfs_fuse", "session", "fuse.unionfs")
    before = int(host.record()["generation"])
    host.sh("echo session > /etc/session; ln /etc/session /etc/same; rm -r /usr/share/moved; mkdir /usr/share/moved; rm /etc/saved")
    # Of this folder the upper has nothing but that.
    mode = host.sh("rm /root/.profile; stat -c %a /root")
    since = host.guest.console.size()
    host.boot()
    assert "overlayroot: the session is saved as session-" in host.guest.console.text(since)
    assert int(host.record()["generation"]) == before + 1
    assert host.sh("cat /etc/session; stat -c %h /etc/same; ls /usr/share/moved; ls /etc/saved 2>/dev/null || :").split() == ["session", "2"]
    assert host.sh("stat -c %a /root; ls /root/.profile 2>/dev/null || :") == mode == "700"
    assert "overlayroot: recovering journal" not in host.guest.console.text(since)
    assert "recover" not in host.sh("dmesg | grep EXT4-fs")


def send(host, top, place, names):
    host.sh(f"mkdir -p /run/tests/{place}")
    packed = subprocess.run(["tar", "-C", str(top), "-c", *names], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(host.guest.ssh_argv("sudo", "tar", "-C", f"/run/tests/{place}", "-x"), input=packed, check=True)
