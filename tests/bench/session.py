# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""What the save of a session adds to the time that a guest takes to power off, against `cp -a` of the same tree.

One guest, with its upper in RAM and a data disk, powers off in turn with a session that it saves and with one that it
discards. Times are by a clock that counts instructions, so that they do not depend on what else this machine does.
"""

import argparse
import json
import re
import subprocess
import sys

from measure import ansible, median, say, spread, table
from labvm.guest import Guest
from labvm.inventory import inventory

VARIABLES = {
    "overlayroot_persistence": "session",
    "overlayroot_ram_size": "75%",
    "overlayroot_disks": [{"device": "/dev/vdb", "fstype": "ext4", "label": "overlayroot"}],
    "overlayroot_data": "LABEL=overlayroot",
}

SECONDS = 1800.0

FILL = """
import os
data = os.urandom(1 << 20)
for number in range({files}):
    folder = "/srv/session-{turn}/%d" % (number // 100)
    if number % 100 == 0:
        os.makedirs(folder)
    with open("%s/%d" % (folder, number), "wb") as stream:
        stream.write(data[: {size}])
"""

COPY = """
cd /run/initramfs/overlayroot
sync
before=$(cut -d' ' -f1 /proc/uptime)
cp -a rw/upper data/copy
sync
after=$(cut -d' ' -f1 /proc/uptime)
rm -rf data/copy
sync
echo $before $after
"""

POWER_OFF = "echo 8 >/proc/sys/kernel/printk; echo the bench begins >/dev/kmsg; systemctl poweroff"

# The most that one of the processes of a save had.
MEMORY = """
import resource, subprocess
subprocess.run(["overlayrootctl", "save", "memory-{turn}"], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


class Host:
    """The guest, and what it is asked."""

    def __init__(self, guest):
        self.guest = guest

    def prepare(self, release, env):
        """Make it, and provision it by the playbook."""
        say(f"preparing {self.guest.name}")
        self.guest.remove()
        self.guest.start(release, memory=2048, disks=["4G"])
        self.guest.wait()
        hosts = inventory([self.guest.name])
        hosts["all"]["hosts"][self.guest.name].update(VARIABLES)
        path = self.guest.folder / "inventory.json"
        path.write_text(json.dumps(hosts), encoding="utf-8")
        argv = ["ansible-playbook", "labs.overlayroot.provision", "--inventory", str(path)]
        done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            sys.exit(done.stdout)

    def run(self, argv, text=""):
        """What a command prints that root gives it on standard input."""
        argv = self.guest.ssh_argv("sudo " + argv)
        return subprocess.run(argv, input=text, stdout=subprocess.PIPE, text=True, check=True, timeout=SECONDS).stdout

    def fill(self, turn, files, size):
        """A session of so many files of so many bytes."""
        self.run("python3 -", FILL.format(turn=turn, files=files, size=size))

    def copied(self):
        """Seconds that `cp -a` and a flush take for the upper."""
        before, after = map(float, self.run("sh -es", COPY).split())
        return after - before

    def powered_off(self):
        """Seconds from the command to the end, by the kernel's clock, and the text of the console."""
        since = self.guest.console.size()
        self.guest.ssh(f"sudo sh -c '{POWER_OFF}'", check=False)
        self.guest.process.wait(SECONDS)
        text = self.guest.console.text(since)
        began, ended = (float(re.findall(rf"\[ *([\d.]+)\] {mark}", text)[-1]) for mark in ("the bench begins", "reboot: Power down"))
        return ended - began, text

    def boot(self):
        """Boot it again."""
        self.guest.boot()
        self.guest.wait()


def measure(host, given):
    """Seconds of a shutdown with a save and without, and of cp; the most memory of a save in MiB."""
    found = {"saved": [], "discarded": [], "cp": []}
    memory = 0
    for turn in range(given.rounds):
        host.fill(turn, given.files, given.size)
        found["cp"].append(host.copied())
        memory = max(memory, int(host.run("python3 -", MEMORY.format(turn=turn))) >> 10)
        # Back to the bare base, so that there is nothing to fold the session with that is saved.
        host.run("overlayrootctl rollback 0")
        found["discarded"].append(host.powered_off()[0])
        host.boot()
        host.run("overlayrootctl prune --keep 0")
        host.fill(turn, given.files, given.size)
        seconds, text = host.powered_off()
        if "the session is saved as" not in text:
            sys.exit(f"the session was not saved:\n{text}")
        found["saved"].append(seconds)
        if turn + 1 < given.rounds:
            host.boot()
        say(f"round {turn + 1} of {given.rounds}: {', '.join(f'{name} {some[-1]:.2f} s' for name, some in found.items())}")
    return found, memory


def main():
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--release", choices=["12", "13"], default="13", help="of Debian (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=25_000, help="of each file, in bytes (default: %(default)s)")
    given = parser.parse_args()
    host = Host(Guest("bench-session", accelerator="counted", boot_seconds=900))
    try:
        with ansible() as env:
            host.prepare(given.release, env)
        found, memory = measure(host, given)
    finally:
        host.guest.remove()
    added = [saved - plain for saved, plain in zip(found["saved"], found["discarded"])]
    table(
        ["a session", "power off with a save, s", "without, s", "the save, s", "`cp -a`, sync, s", "of `cp -a`"],
        [[
            f"{given.files} files, {given.files * given.size / 1e6:.0f} MB",
            *map(spread, (found["saved"], found["discarded"], added, found["cp"])),
            median(added) / median(found["cp"]),
        ]],
    )
    print(f"The largest process of a save took {memory} MiB.")


if __name__ == "__main__":
    main()
