# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions that are saved, left, and gone back to, on a host with /usr and /home of their own."""

from __future__ import annotations

import json
import time

import pytest

from .conftest import Host

DATA = "/run/initramfs/overlayroot/data/overlayroot"
IMAGE = "/run/initramfs/overlayroot/image"


@pytest.fixture(scope="module")
def host(folder):
    host = Host(
        "overlayroot-generations",
        folder,
        {
            "overlayroot_persistence": "upper",
            "overlayroot_disks": [{"device": "/dev/vdb", "fstype": "ext4", "label": "overlayroot"}],
            "overlayroot_data": "LABEL=overlayroot",
            "overlayroot_mounts": [{"path": "/home", "policy": "union"}],
        },
    )
    host.start("12", layout="split", disks=["1G"])
    assert host.play("provision").returncode == 0
    yield host
    host.guest.remove()


def ctl(host, *words):
    """What a command of overlayrootctl returns."""
    return json.loads(host.sh("overlayrootctl " + " ".join((*words, "--json"))))


def change(host, name):
    """A session: a file on each file system, and one that is gone."""
    host.sh(f"for folder in /etc /usr/local /home; do echo {name} > $folder/{name}; done; rm -f /etc/issue.net")


def changes(host):
    """The sessions that the host shows, in each of its file systems."""
    found = [host.sh(f"cd {folder}; ls | grep '^session-' || :").split() for folder in ("/etc", "/usr/local", "/home")]
    assert found[0] == found[1] == found[2]
    assert bool(found[0]) != (host.sh("ls /etc").split().count("issue.net") == 1)
    return found[0]


def booted(host):
    record = host.record()
    assert record["protected"] == "yes"
    return record["generation"], record["layers"]


def filesystem(host):
    """What the data file system is called, and when it was made."""
    device = host.sh("findmnt --noheadings --output SOURCE /run/initramfs/overlayroot/data")
    names = host.sh(f"blkid -p -s LABEL -s UUID -s TYPE -o value {device}")
    return names, host.sh(f"dumpe2fs -h {device} 2>/dev/null | grep 'Directory Hash Seed'")


def test_a_new_file_system_is_made_though_power_is_lost_on_the_way(host):
    change(host, "session-0")
    names, made = filesystem(host)
    assert ctl(host, "reset", "--method", "mkfs")["reset"]["request"] == "mkfs"
    host.guest.shutdown()
    host.guest.boot()
    host.guest.wait_console("overlayroot: a new file system is made")
    host.guest.cut()
    host.guest.boot()
    host.guest.wait()
    assert booted(host) == ("0", "0")
    assert changes(host) == []
    again, made_again = filesystem(host)
    assert (again, made_again != made) == (names, True)
    assert host.sh("cat /run/initramfs/overlayroot/base/etc/overlayroot/boot/next") == ""
    assert ctl(host, "check")["problems"] == []


def test_an_upper_on_the_disk_is_saved_by_the_next_boot(host):
    change(host, "session-1")
    saved = ctl(host, "save", "first", "--label", "'the first'")
    assert saved["next_boot"]
    host.sh("echo late > /home/late")
    host.guest.reboot()
    assert booted(host) == ("1", "1")
    assert changes(host) == ["session-1"]
    assert host.sh("cat /home/late") == "late"
    layer = f"{DATA}/layers/first"
    assert host.sh(f"cd {layer}; cat etc/session-1 usr/local/session-1 home/session-1").split() == ["session-1"] * 3
    # What the new session has written is its own.
    assert host.sh(f"ls {DATA}/upper/etc | grep session- || :") == ""
    assert ctl(host, "check", "--repair")["problems"] == []
    assert ctl(host, "check")["problems"] == []


def test_a_second_layer_lies_on_the_first(host):
    change(host, "session-2")
    ctl(host, "save", "second")
    host.guest.reboot()
    assert booted(host) == ("2", "2")
    assert changes(host) == ["session-1", "session-2"]


def test_power_that_is_lost_on_the_way_loses_nothing(host):
    """It is cut soon after the data file system was checked: before, while or after the layer is made."""
    change(host, "session-3")
    ctl(host, "save", "third")
    host.guest.shutdown()
    delays = [0.0, 0.2, 0.4, 0.7, 1.2]
    for delay in delays:
        host.guest.boot()
        host.guest.wait_console("overlayroot: (clean|recovering)")
        time.sleep(delay)
        host.guest.cut()
    print(f"{len(delays)} power cuts")
    host.guest.boot()
    host.guest.wait()
    assert booted(host) == ("3", "3")
    assert changes(host) == ["session-1", "session-2", "session-3"]
    assert ctl(host, "check", "--repair")["problems"] == []


def test_a_reset_keeps_what_it_is_told_to(host):
    host.sh("for file in /etc/kept /home/kept /etc/lost; do echo $file > $file; done; rm /etc/motd")
    done = host.play("reset", overlayroot_keep=["/etc/kept", "/home/kept", "/etc/motd", "/usr/none"])
    assert done.returncode == 0
    assert booted(host) == ("3", "3")
    assert host.sh("cat /etc/kept /home/kept").split() == ["/etc/kept", "/home/kept"]
    assert host.sh("ls -d /etc/lost /etc/motd 2>/dev/null || :") == ""
    assert host.sh("stat --format %U:%a /etc /home") == "root:755\nroot:755"


def test_an_earlier_generation_is_gone_back_to(host):
    host.sh("echo unsaved > /etc/unsaved")
    assert host.play("rollback").returncode == 0
    assert booted(host) == ("2", "2")
    assert changes(host) == ["session-1", "session-2"]
    host.sh("! test -e /etc/unsaved")


def test_the_bare_base_is_gone_back_to_and_left_again(host):
    ctl(host, "rollback", "0")
    host.guest.reboot()
    assert booted(host) == ("0", "0")
    assert changes(host) == []
    ctl(host, "rollback", "3")
    host.guest.reboot()
    assert booted(host) == ("3", "3")
    assert changes(host) == ["session-1", "session-2", "session-3"]


def test_what_a_reset_takes_off_is_a_generation_that_can_be_gone_to(host):
    change(host, "session-x")
    name = ctl(host, "reset", "--method", "snapshot", "--id", "taken-off")["reset"]["snapshot"]
    assert host.guest.ssh("sudo overlayrootctl reset --method mkfs", check=False).returncode == 3
    host.guest.reboot()
    assert booted(host) == ("3", "3")
    assert changes(host) == ["session-1", "session-2", "session-3"]
    assert ctl(host, "generations")["generations"][-1] == {"number": 4, "layers": ["first", "second", "third", name]}
    assert ctl(host, "check", "--repair")["problems"] == []
    host.boot("overlayroot.generation=4")
    assert booted(host) == ("4", "4")
    assert changes(host) == ["session-1", "session-2", "session-3", "session-x"]


def test_an_upper_in_ram_is_saved_at_once(host):
    assert host.play("provision", overlayroot_persistence="none").returncode == 0
    assert host.record()["persistence"] == "none"
    change(host, "session-4")
    saved = ctl(host, "save", "fourth", "--label", "'from RAM'")
    assert (saved["generation"], saved["next_boot"], saved["layer"]["label"]) == (5, False, "from RAM")
    assert ctl(host, "check")["problems"] == []
    host.sh("echo unsaved > /home/unsaved")
    host.guest.reboot()
    assert booted(host) == ("5", "4")
    assert changes(host) == ["session-1", "session-2", "session-3", "session-4"]
    host.sh("! test -e /home/unsaved")


def test_generations_are_compared(host):
    """Without what they share, and also on /usr and /home."""
    found = ctl(host, "diff", "--generation", "5", "--since", "2")
    added = {change["path"] for change in found["changes"] if change["kind"] == "added"}
    new = {f"{folder}/session-{number}" for folder in ("/etc", "/usr/local", "/home") for number in (3, 4)}
    assert new <= added
    assert not any(path.endswith(("session-1", "session-2")) for path in added)
    assert [part["path"] for part in found["compared"]["file_systems"]] == ["/", "/home", "/usr"]
    assert {"/home/session-1", "/usr/local/session-1"} <= {change["path"] for change in ctl(host, "diff", "--layer", "first")["changes"]}


def test_a_commit_is_what_the_next_boot_stands_on(host):
    """But for /usr and /home, where the layers go on over file systems of their own."""
    before, shown = base(host), changes(host)
    made = ctl(host, "commit", "--store", "course", "--without-upper", "--compression", "lz4", "--drop-acls")
    assert (made["generation"], made["next_boot"], made["image"]["holds"]) == (6, True, "the source")
    host.guest.reboot()
    assert booted(host) == ("6", "5")
    assert lower(host) == [IMAGE]
    assert host.sh(f"findmnt -no FSTYPE,SOURCE {IMAGE}").split() == ["squashfs", "/dev/loop0"]
    assert changes(host) == shown
    assert base(host) == before
    assert ctl(host, "check")["problems"] == []
    again = ctl(host, "commit", "--store", "course", "--without-upper", "--drop-acls")
    assert (again["steps"], again["generation"]) == ([], 6)


def test_a_session_over_an_image_is_saved_and_gone_back_from(host):
    change(host, "session-5")
    assert ctl(host, "save", "over")["generation"] == 7
    host.guest.reboot()
    assert booted(host) == ("7", "6")
    assert lower(host) == [f"{DATA}/layers/over", IMAGE]
    assert changes(host) == [f"session-{number}" for number in range(1, 6)]
    assert "/etc/session-5" in [change["path"] for change in ctl(host, "diff", "--generation", "7")["changes"]]
    ctl(host, "rollback", "2")
    host.guest.reboot()
    assert booted(host) == ("2", "2")
    assert lower(host)[-1] == "/run/initramfs/overlayroot/base"
    assert changes(host) == ["session-1", "session-2"]
    ctl(host, "rollback", "7")
    host.guest.reboot()
    assert booted(host) == ("7", "6")
    assert changes(host) == [f"session-{number}" for number in range(1, 6)]


def lower(host):
    """What the root is seen through, the topmost first."""
    options = host.sh("findmnt -no FS-OPTIONS --mountpoint /")
    return next(option for option in options.split(",") if option.startswith("lowerdir="))[len("lowerdir=") :].split(":")


def base(host):
    """A checksum over what the root device holds."""
    return host.sh("cd /run/initramfs/overlayroot/base; find . -xdev -printf '%p %s %T@ %m\n' | sort | sha256sum")


def test_a_store_of_a_later_version_is_left_alone(host):
    host.sh(f"echo 2 > {DATA}/version")
    assert host.guest.ssh("sudo overlayrootctl save fifth", check=False).returncode == 3
    host.guest.reboot()
    record = host.record()
    assert record["protected"] == "no"
    assert "has the version '2'" in record["reason"]
