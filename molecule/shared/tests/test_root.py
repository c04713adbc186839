# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a provisioned host is like, asked of its own tools."""

import json

import pytest

BASE = "/run/initramfs/overlayroot/base"


@pytest.fixture
def root(host):
    """Everything below runs as root."""
    with host.sudo():
        yield host


@pytest.fixture
def variables(root):
    return root.ansible.get_variables()


def mounts_at(host, path):
    """The stack of mounts at a path, the topmost last."""
    found = host.check_output("findmnt --json --list --output TARGET,SOURCE,FSTYPE,OPTIONS")
    return [mount for mount in json.loads(found)["filesystems"] if mount["target"] == path]


def options_of(mount):
    return mount["options"].split(",")


def record(host):
    return dict(line.split("=", 1) for line in host.file("/run/overlayroot/boot").content_string.splitlines())


def test_the_root_is_a_union_over_a_read_only_base(root):
    (mount,) = mounts_at(root, "/")
    assert mount["fstype"] == "overlay"
    assert f"lowerdir={BASE}" in options_of(mount)
    assert "rw" in options_of(mount)
    (base,) = mounts_at(root, BASE)
    assert base["fstype"] == "ext4"
    assert "ro" in options_of(base)
    assert root.run(f"touch {BASE}/etc/written").rc != 0


def test_the_boot_record_says_so(root, variables):
    found = record(root)
    assert found["protected"] == "yes"
    assert found["reason"] == ""
    assert found["persistence"] == variables["overlayroot_persistence"]
    assert found["generation"] == "0"


def test_the_upper_is_where_it_was_asked_for(root, variables):
    place = {"none": "rw", "upper": "data"}[variables["overlayroot_persistence"]]
    (mount,) = mounts_at(root, f"/run/initramfs/overlayroot/{place}")
    assert mount["fstype"] == {"none": "tmpfs", "upper": "ext4"}[variables["overlayroot_persistence"]]
    if variables["overlayroot_persistence"] == "none":
        assert "nr_inodes=200000" in options_of(mount)


def test_the_store_is_closed_to_users(root):
    assert root.run("sudo -u nobody ls /run/initramfs").rc != 0


def test_every_unit_came_up(root):
    state = root.run("systemctl is-system-running --wait").stdout.strip()
    assert state == "running", root.run("systemctl --failed").stdout


def test_no_entry_asks_for_the_root(root):
    fields = [line.split() for line in root.file("/etc/fstab").content_string.splitlines()]
    paths = [field[1] for field in fields if field and not field[0].startswith("#")]
    assert "/" not in paths
    assert root.run("echo >> /etc/fstab").rc != 0
    assert " / " in root.file(f"{BASE}/etc/fstab").content_string


def test_a_separate_usr_is_a_union_too(root):
    if not mounts_at(root, f"{BASE}/usr"):
        pytest.skip("this host has no separate /usr")
    (mount,) = mounts_at(root, "/usr")
    assert mount["fstype"] == "overlay"
    (base,) = mounts_at(root, f"{BASE}/usr")
    assert "ro" in options_of(base)


def test_policies(root, variables):
    for policy in variables["overlayroot_mounts"]:
        mount = mounts_at(root, policy["path"])[-1]
        if policy["policy"] == "union":
            assert mount["fstype"] == "overlay"
            assert root.run(f"touch {policy['path']}/written && rm {policy['path']}/written").rc == 0
        elif policy["policy"] == "tmpfs":
            assert mount["fstype"] == "tmpfs"
            assert "size=65536k" in options_of(mount)
        elif policy["policy"] == "bind":
            assert "/overlayroot/keep/" in mount["source"]


def test_identity_does_not_churn(root):
    for name in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key"):
        assert root.file(name).content == root.file(BASE + name).content


def test_packages_can_be_installed_and_folders_renamed(root):
    assert root.run("apt-get install --yes --quiet tree").rc == 0
    assert root.run("apt-get purge --yes --quiet tree").rc == 0
    assert root.run("mv /etc/skel /etc/skel-renamed && mv /etc/skel-renamed /etc/skel").rc == 0


def test_the_command_on_the_host_says_what_the_module_says(root):
    said = json.loads(root.check_output("overlayrootctl status --json"))
    module = root.ansible("labs.overlayroot.union_info", become=True)
    for union in (*said["unions"], *module["unions"]):
        # The one has written to the upper before the other looks.
        del union["usage"]
    assert said == {name: module[name] for name in said}
    assert set(said) == {"unions", "root", "session", "initramfs", "store"}


def test_everyone_can_ask_for_the_status(root):
    asked = root.run("sudo -u nobody overlayrootctl status")
    assert (asked.rc, asked.stderr) == (0, "")
    assert asked.stdout.splitlines()[0].split() == ["protected", "yes"]
