# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""What a union as root adds to the time that a guest takes to boot, and to the memory that it uses.

Three guests of the same image boot in turn: one as it is, one with this collection's union, one with
Debian's package overlayroot; both unions have their upper in RAM. Times are by a clock that counts
instructions, so that they do not depend on what else this machine does.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from measure import ansible, median, say, spread, table
from labvm.guest import Guest
from labvm.inventory import inventory

LOOK = Path(__file__).with_name("look.sh").read_text(encoding="utf-8")
PLAIN, OURS, THEIRS = "plain", "labs.overlayroot", "overlayroot"
KIB = 1 / 1024


def prepare_ours(guest, env):
    """Provision a guest by the playbook, which reboots it and proves the union."""
    hosts = json.dumps(inventory([guest.name]))
    path = guest.folder / "inventory.json"
    path.write_text(hosts, encoding="utf-8")
    argv = ["ansible-playbook", "labs.overlayroot.provision", "--inventory", str(path)]
    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout)


def prepare_theirs(guest, _env):
    """Install the package overlayroot in a guest, with its upper in RAM."""
    guest.ssh("sudo apt-get install --yes --quiet --no-install-recommends overlayroot", seconds=900)
    guest.ssh("""echo 'overlayroot="tmpfs"' | sudo tee /etc/overlayroot.local.conf""")


PREPARE = {PLAIN: lambda _guest, _env: None, OURS: prepare_ours, THEIRS: prepare_theirs}


class Boot:
    """One boot of a guest that is off.

    initramfs: seconds from the kernel's start of the initramfs to its end; sshd: seconds from the start
    of the kernel to that of sshd. available, slab, shmem, module, upper: MiB.
    """

    def __init__(self, guest):
        guest.boot()
        guest.wait()
        argv = guest.ssh_argv("sudo sh -s")
        done = subprocess.run(argv, input=LOOK, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
        seen = dict(line.split("=", 1) for line in done.stdout.splitlines())
        self.initramfs = float(seen["systemd"]) - float(seen["init"])
        self.sshd = float(seen["sshd"])
        self.available, self.slab, self.shmem = (int(seen[name]) * KIB for name in ("MemAvailable", "Slab", "Shmem"))
        self.module = int(seen["module"] or 0) * KIB * KIB
        self.upper = int(seen.get("upper", 0)) * KIB
        self.is_union = seen["root"] == "overlay"
        guest.shutdown()


def prepare(guest, variant, release, env):
    """Make a guest, make it what the variant says, and turn it off."""
    say(f"preparing {guest.name}")
    guest.remove()
    guest.start(release)
    guest.wait()
    PREPARE[variant](guest, env)
    guest.shutdown()


def boot(guests, given):
    """Boot the guests in turn; for each variant its list of Boots."""
    boots = {variant: [] for variant in guests}
    # The first round is not counted: what a first boot does is done.
    for turn in range(given.rounds + 1):
        for variant, guest in guests.items():
            one = Boot(guest)
            if one.is_union != (variant != PLAIN):
                sys.exit(f"{guest.name}: its root is not what it is to be")
            say(f"round {turn} of {given.rounds}: {variant}: initramfs {one.initramfs:.2f} s, sshd {one.sshd:.2f} s, "
                f"{one.available:.1f} MiB available")
            if turn:
                boots[variant].append(one)
    return boots


def added(boots, variant, name):
    """What a variant adds to a value of the plain guest: the median over the rounds."""
    return median([getattr(one, name) - getattr(plain, name) for one, plain in zip(boots[variant], boots[PLAIN])])


TIMES = {
    "sshd": "kernel to sshd, s",
    "initramfs": "initramfs, s",
}


def show_times(boots):
    """Print the times of the boots."""
    rows = []
    for name, title in TIMES.items():
        ours, theirs = (added(boots, variant, name) for variant in (OURS, THEIRS))
        values = (spread([getattr(one, name) for one in some]) for some in boots.values())
        rows.append([title, *values, ours, theirs, ours / theirs])
    table(["", *boots, f"{OURS} adds", f"{THEIRS} adds", "ratio"], rows)


def show_memory(boots):
    """Print the memory of the guests; what a union costs is beyond the data in its upper."""
    rows = []
    for variant, some in boots.items():
        middle = {name: median([getattr(one, name) for one in some]) for name in ("available", "slab", "shmem", "module", "upper")}
        less = -added(boots, variant, "available")
        rows.append([variant, spread([one.available for one in some]), less, middle["upper"], less - middle["upper"],
                     middle["slab"], middle["shmem"], middle["module"]])
    table(["MiB", "available", "less than plain", "data in the upper", "cost beyond the data", "slab", "shmem", "module overlay"], rows)


def main():
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--release", choices=["12", "13"], default="13", help="of Debian (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", action="store_true", help="keep the guests and use them again next time")
    given = parser.parse_args()
    guests = {variant: Guest(f"bench-{given.release}-{variant}", accelerator="counted") for variant in PREPARE}
    try:
        with ansible() as env:
            for variant, guest in guests.items():
                if not (given.keep and guest.exists()):
                    prepare(guest, variant, given.release, env)
        boots = boot(guests, given)
    finally:
        for guest in guests.values():
            if given.keep:
                guest.cut()
            else:
                guest.remove()
    show_times(boots)
    show_memory(boots)


if __name__ == "__main__":
    main()
