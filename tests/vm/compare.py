# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Compares fingerprints of a host: before it was provisioned, provisioned and booted without its union,
upgraded there, and unprovisioned.

Provisioning may add its own files and nothing else; in the end every file must be as it was before, or
as the upgrade left it.
"""

import json
import re
import sys
from pathlib import Path

# What provisioning puts on a host, and so is there in the fingerprint that was taken in maintenance.
OURS = re.compile(
    r"/etc/overlayroot(/|$)|/etc/initramfs-tools/.*/labs-overlayroot$|/usr/local/lib/overlayroot(/|$)|/boot/initrd\.img-"
    r"|/usr/local/sbin/overlayrootctl$|/usr/local/share/man/man8(/overlayrootctl\.8)?$"
    r"|/usr/local/share/bash-completion(/completions(/overlayrootctl)?)?$"
)
# Made anew for the kernel that came with the upgrade, which had no initramfs before.
NEW_INITRAMFS = re.compile(r"/boot/initrd\.img-[^/]*$|/var/lib/initramfs-tools/[^/]*$")


def main(*paths):
    """Exit with 1 after a line for each file that is not as it must be."""
    taken = [load(path) for path in paths]
    wrong = [path for path in sorted(set().union(*taken)) if not is_right(path, *(one.get(path) for one in taken))]
    for path in wrong:
        print(path, *(one.get(path) for one in taken), sep="\n  ")
    print(f"{len(taken[0])} files before, {len(taken[-1])} after, {len(wrong)} not as they must be")
    return 1 if wrong else 0


def load(path):
    """A fingerprint as a dict of path to what was kept of it; what a terminal adds to it is passed over."""
    lines = [json.loads(line) for line in Path(path).read_text().splitlines() if line.startswith("[")]
    return {line[0]: line[1:] for line in lines}


def is_right(path, before, provisioned, upgraded, after):
    """Whether a file is as it was before it was provisioned, but for what the upgrade did to it."""
    if before is None and upgraded is not None and after is not None and NEW_INITRAMFS.match(path):
        return True
    if OURS.match(path):
        return after == before
    return provisioned == before and after == upgraded


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
