# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""The main job on a virtual machine that is made here: provision, change, reset, unprovision.

Nothing is simulated: each part ends with a look at the machine that can fail.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vm"))

from compare import OURS  # noqa: E402
from labvm.guest import Guest  # noqa: E402
from labvm.inventory import inventory  # noqa: E402

NAME = "overlayroot-demo"
UPPER = "/run/initramfs/overlayroot/data/overlayroot/upper"
BASE = "/run/initramfs/overlayroot/base"
VARIABLES = {
    "overlayroot_persistence": "upper",
    "overlayroot_disks": [{"device": "/dev/vdb", "fstype": "ext4", "label": "overlayroot"}],
    "overlayroot_data": "LABEL=overlayroot",
}


class Demo:
    """The machine, what it was like, and how long each part took."""

    def __init__(self, inventory_file):
        self.guest = Guest(NAME)
        self.inventory = inventory_file
        self.times = []

    def part(self, title, action):
        """Run one part of the show."""
        print(f"\n=== {title}", flush=True)
        began = time.monotonic()
        action()
        self.times.append((title, time.monotonic() - began))

    def ssh(self, command):
        """Show a command, run it on the machine, show and return what it prints."""
        print(f"{NAME}$ {command}", flush=True)
        output = self.guest.ssh(command).stdout
        print(output, end="", flush=True)
        return output

    def play(self, playbook):
        """Run a playbook of the collection against the inventory."""
        argv = ["ansible-playbook", "-i", str(self.inventory), f"labs.overlayroot.{playbook}"]
        print(f"$ {' '.join(argv)}", flush=True)
        subprocess.run(argv, check=True)

    def fingerprint(self, top=""):
        """Every file of the machine, as a dict of path to what is kept of it."""
        script = (HERE.parent / "vm" / "fingerprint.py").read_text()
        done = subprocess.run(
            self.guest.ssh_argv(f"sudo python3 - {top}"), input=script, text=True, check=True, capture_output=True
        )
        return {line[0]: line[1:] for line in map(json.loads, done.stdout.splitlines())}

    # --- the parts ---

    def make(self):
        self.guest.remove()
        self.guest.start("13", memory=1024, disks=["1G"])
        self.guest.wait()
        host = inventory([NAME])
        host["all"]["hosts"][NAME].update(VARIABLES)
        self.inventory.write_text(json.dumps(host, indent=2))
        self.before = self.fingerprint()
        print(f"{len(self.before)} files were taken down. The inventory of the host:")
        print(json.dumps(VARIABLES, indent=2))

    def provision(self):
        self.play("provision")
        expect(self.ssh("findmnt --noheadings --output FSTYPE /").strip() == "overlay", "the root is no union")

    def change(self):
        self.ssh("echo 'I was here' | sudo tee /etc/motd")
        self.ssh("sudo apt-get install --yes --quiet tree 2>&1 | tail -n 2")
        self.guest.reboot()
        expect("I was here" in self.ssh("cat /etc/motd"), "the change is gone after a reboot")
        expect("tree" in self.ssh("tree --version"), "the package is gone after a reboot")

    def list_changes(self):
        self.play("diff")
        changes = self.ssh(f"sudo find {UPPER} -xdev ! -type d -printf '%P\\n' | grep -v ^var/ | sort")
        expect("etc/motd" in changes and "usr/bin/tree" in changes, "the changes are not listed")

    def reset(self):
        self.play("reset")
        expect("I was here" not in self.ssh("cat /etc/motd || true"), "the change survived the reset")
        self.ssh("! command -v tree")
        expect_same(self.before, self.fingerprint(BASE), but_for_ours=True)

    def status(self):
        self.play("status")

    def unprovision(self):
        self.play("unprovision")
        expect(self.ssh("findmnt --noheadings --output FSTYPE /").strip() == "ext4", "the root is still a union")
        expect_same(self.before, self.fingerprint())

    def run(self):
        """The whole show."""
        self.part("A machine is made and booted (the first time takes some minutes)", self.make)
        self.part("It is provisioned and reboots into a union", self.provision)
        self.part("A file is written, a package is installed, both survive a reboot", self.change)
        self.part("What was changed, as the upper has it", self.list_changes)
        self.part("It is reset: the changes are gone, and the base was never touched", self.reset)
        self.part("The status of the fleet", self.status)
        self.part("It is unprovisioned, and every file is as it was", self.unprovision)
        self.guest.remove()
        seconds = ", ".join(f"{title.split(',')[0].split(':')[0].split(' (')[0]} {spent:.0f} s" for title, spent in self.times)
        print(
            f"\nProved on a real machine: a root that is a union, kept changes, a reset that leaves the base of "
            f"{len(self.before)} files as it was, and an unprovision that leaves no trace ({seconds})."
        )


def expect(holds, message):
    """End the show where something was not as promised."""
    if not holds:
        sys.exit(f"demo: {message}")


def expect_same(before, after, but_for_ours=False):
    """End the show where a file is not as it was, but for what provisioning adds where that may be there."""
    changed = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    changed = [path for path in changed if not (but_for_ours and OURS.match(path))]
    expect(not changed, "not as before: " + ", ".join(changed[:20]))
    print(f"{len(before)} files compared: all as they were")


def main():
    """Run the show; the machine is removed, its console log stays."""
    os.environ.setdefault("ANSIBLE_NOCOWS", "1")
    with tempfile.TemporaryDirectory(prefix="overlayroot-demo-") as folder:
        demo = Demo(Path(folder) / "inventory.json")
        try:
            demo.run()
        except BaseException:
            print(f"\nThe console of the machine: {demo.guest.console.log}")
            demo.guest.remove()
            raise


if __name__ == "__main__":
    main()
