# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Power that is lost during a save, a fold, a reset, a rollback, a commit or a deletion: the store is the one from
before or the one from after, and nothing that was saved is gone.

A guest logs what is written to its data device, and replays that up to the points at which the device
had to have it.
"""

from __future__ import annotations

import json
import subprocess

import pytest

from .conftest import TOP, Host

# In /usr, which every host sees that it boots: its programs import what they need when they need it.
HERE = "/usr/lib/overlayroot-crash"
# What the guest gets of the checkout, and as what.
FILES = {
    "plugins/module_utils": "overlayroot",
    "roles/initramfs/files/overlayroot.sh": "overlayroot.sh",
    **{f"tests/scenarios/crash/{name}.py": f"{name}.py" for name in ("host", "judge", "session", "writes")},
}
WRITE = f"modprobe dm-log-writes; cd {HERE}; python3 session.py /dev/vdb /dev/vdc /dev/shm/image expectations"
JUDGE = f"cd {HERE}; python3 judge.py /dev/vdc /dev/shm/image expectations 90"
# The marks of what is on its way there when power is lost.
ACTIONS = {
    "save-one",
    "two-is-asked-for",
    "a-reset-is-asked-for",
    "the-upper-is-new",
    "a-rollback-is-asked-for",
    "save-five",
    "commit-second",
    "remove-a-layer",
    "prune",
    "store-image",
    "save-six",
    "save-seven",
    "fold-seven",
}


@pytest.fixture(scope="module")
def report(folder):
    host = Host("overlayroot-crash", folder, {})
    host.start("13", disks=["96M", "512M"])
    try:
        put(host.guest)
        host.sh(WRITE)
        return json.loads(host.sh(JUDGE))
    finally:
        host.guest.remove()


def put(guest):
    argv = ["tar", "-c", "-C", str(TOP), "--exclude=__pycache__"]
    argv += [f"--transform=s,^{path},{name}," for path, name in FILES.items()]
    packed = subprocess.run([*argv, *FILES], stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(guest.ssh_argv(f"sudo mkdir {HERE} && sudo tar -x -C {HERE}"), input=packed, check=True)


def test_there_were_points_in_each_action(report, capsys):
    with capsys.disabled():
        print(f"\n{report['points']} of {report['of']} points replayed: {report['stores']} different stores, each booted")
    assert report["points"] > 30
    assert ACTIONS <= set(report["marks"])


def test_the_store_is_the_old_or_the_new_one(report):
    assert report["wrong"] == []


def test_a_generation_that_is_named_before_it_is_there_is_seen(report):
    assert report["spoilt"]


def test_a_device_that_does_not_keep_what_it_flushed_is_seen(report):
    assert report["lost"]
