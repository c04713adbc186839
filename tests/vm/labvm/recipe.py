# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""What an image is made from, and the name that follows from it."""

import hashlib
import uuid
from dataclasses import dataclass
from pathlib import Path

from .errors import VmError

# A suite, its init system, and what makes its initramfs.
SUITES = {
    "12": ("bookworm", "systemd", "initramfs-tools"),
    "13": ("trixie", "systemd", "initramfs-tools"),
    "12-sysvinit": ("bookworm", "sysvinit", "initramfs-tools"),
    "12-openrc": ("bookworm", "openrc", "initramfs-tools"),
    "13-busybox": ("trixie", "busybox", "initramfs-tools"),
    "12-dracut": ("bookworm", "systemd", "dracut"),
    "13-dracut": ("trixie", "systemd", "dracut"),
}
LAYOUTS = ("plain", "split")
FOLDER = Path(__file__).resolve().parent.parent / "recipe"
CODE = ("bootcode.py", "image.py", "recipe.py")
NAMESPACE = uuid.UUID("5f1f2c1e-7a0e-4c1b-9a57-0f7b1c1d9e36")


@dataclass(frozen=True)
class Recipe:
    """One release in one layout, for the holder of one public key."""

    release: str
    layout: str
    public_key: str

    def __post_init__(self):
        if self.release not in SUITES:
            raise VmError(f"release {self.release!r}: expected one of {', '.join(SUITES)}")
        if self.layout not in LAYOUTS:
            raise VmError(f"layout {self.layout!r}: expected one of {', '.join(LAYOUTS)}")

    @property
    def suite(self):
        """The code name of the release."""
        return SUITES[self.release][0]

    @property
    def init(self):
        """The name of the init system."""
        return SUITES[self.release][1]

    @property
    def initramfs(self):
        """The name of what makes the initramfs."""
        return SUITES[self.release][2]

    @property
    def tree_name(self):
        """The name of the release's files, which its layouts share."""
        return f"debian{self.release}-{self._digest()}"

    @property
    def name(self):
        """The name of the image."""
        return f"debian{self.release}-{self.layout}-{self._digest()}"

    def packages(self):
        """The packages of the image beyond the essential ones."""
        files = (FOLDER / name for name in ("packages", f"packages.{self.init}", f"packages.{self.initramfs}"))
        lines = [line for file in files for line in file.read_text(encoding="ascii").splitlines()]
        return [line for line in lines if line and not line.startswith("#")]

    def uuid(self, part):
        """The UUID of one of its file systems: root, usr or home."""
        layout = "" if part == "root" else self.layout
        return str(uuid.uuid5(NAMESPACE, f"{self.release} {layout} {part}"))

    def _digest(self):
        return digest([*sorted(FOLDER.iterdir()), *(Path(__file__).with_name(n) for n in CODE)],
                      self.public_key)


def digest(files, more=""):
    """12 hex digits that change with the name or the content of any file, or with more."""
    total = hashlib.sha256(more.encode())
    for path in files:
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"\n{path.name} {content}".encode())
    return total.hexdigest()[:12]
