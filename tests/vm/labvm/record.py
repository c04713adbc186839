# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""What is remembered of a guest between two calls of this program."""

import json
from dataclasses import asdict, dataclass, replace

from . import cache
from .errors import VmError

FILE = "guest.json"


@dataclass(frozen=True)
class Record:
    """One guest.

    disks are SIZE:FSTYPE:LABEL words. began is when its last boot began, in seconds since 1970;
    since is the length of the console log then, in bytes; left is the boot id that it had before;
    boot_id is empty until it answers.
    """

    image: str
    release: str
    layout: str
    memory: int
    disks: tuple
    port: int
    began: float = 0.0
    since: int = 0
    left: str = ""
    boot_id: str = ""

    def booting(self, began, since):
        """The record at the beginning of another boot."""
        return replace(self, began=began, since=since, left=self.boot_id, boot_id="")

    def same_as(self, other):
        """Whether both describe the same machine, whatever has happened to it."""
        return replace(other, port=self.port, image=self.image, began=self.began, since=self.since,
                       left=self.left, boot_id=self.boot_id) == self

    def save(self, folder):
        """Write it into the guest's folder, aside and renamed."""
        new = folder / f"{FILE}.new"
        new.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        new.replace(folder / FILE)


def load(folder):
    """The record in a guest's folder; VmError when there is none."""
    try:
        values = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise VmError(f"no guest {folder.name}: make it with `start {folder.name}`") from None
    return Record(**{**values, "disks": tuple(values["disks"])})


def names():
    """The names of all guests, sorted."""
    return sorted(path.parent.name for path in cache.folder("guests").glob(f"*/{FILE}"))
