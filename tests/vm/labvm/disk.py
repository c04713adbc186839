# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Extra disks of a guest: what they hold, and making them."""

import re
import subprocess
from dataclasses import dataclass

from . import tools
from .errors import VmError

UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
FORMATS = {
    "ext4": ("mke2fs", "-q", "-F", "-t", "ext4", "-L"),
    "vfat": ("mkfs.vfat", "-n"),
    "exfat": ("mkfs.exfat", "-L"),
    "xfs": ("mkfs.xfs", "-q", "-f", "-L"),
}


@dataclass(frozen=True)
class Disk:
    """A disk of size bytes; empty, or with a file system over the whole of it."""

    size: int
    fstype: str = ""
    label: str = ""

    @classmethod
    def parse(cls, text):
        """A disk from SIZE[:FSTYPE[:LABEL]], such as 512M:ext4:data; VmError when it is wrong."""
        size, fstype, label = (text.split(":", 2) + ["", ""])[:3]
        match = re.fullmatch(r"(\d+)([KMG]?)", size)
        if not match or (fstype and fstype not in FORMATS):
            raise VmError(
                f"disk {text!r}: expected SIZE[:FSTYPE[:LABEL]], SIZE such as 512M,"
                f" FSTYPE one of {', '.join(FORMATS)}"
            )
        return cls(int(match[1]) * UNITS[match[2]], fstype, label)

    def make(self, path):
        """Write the disk to the new file at path."""
        if self.fstype:
            tools.require(FORMATS[self.fstype][0])
        with open(path, "xb") as handle:
            handle.truncate(self.size)
        if self.fstype:
            _run([*FORMATS[self.fstype], self.label or "data", str(path)])


def _run(argv):
    done = subprocess.run(
        argv, env=tools.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )
    if done.returncode:
        raise VmError(f"{' '.join(argv)} failed: {done.stderr.strip() or done.stdout.strip()}")


def overlay(path, image):
    """Make the disk at path, on which what is written over a raw image is kept."""
    tools.require("qemu-img")
    _run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(image), str(path)])
