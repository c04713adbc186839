# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""The programs of the host that are needed, and the packages that bring them."""

import os
import shutil

from .errors import VmError

PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "mkfs.vfat": "dosfstools",
    "mkfs.exfat": "exfatprogs",
    "mkfs.xfs": "xfsprogs",
    "sfdisk": "fdisk",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "fakeroot": "fakeroot",
    "newuidmap": "uidmap",
}
KEYRING = "debian-archive-keyring"
KEYRING_FILE = "/usr/share/keyrings/debian-archive-keyring.gpg"


def search_path():
    """PATH with the folders of system programs, which users other than root often lack."""
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def environment():
    """The environment for every program that is run."""
    return {**os.environ, "PATH": search_path(), "LC_ALL": "C"}


def packages():
    """All packages that any use of this program needs, sorted."""
    return sorted({*PACKAGES.values(), KEYRING})


def require(*programs):
    """Raise VmError naming the programs that are missing and how to get them."""
    missing = [name for name in programs if shutil.which(name, path=search_path()) is None]
    wanted = {PACKAGES[name] for name in missing}
    if "mmdebstrap" in programs and not os.path.exists(KEYRING_FILE):
        missing.append(KEYRING_FILE)
        wanted.add(KEYRING)
    if missing:
        raise VmError(
            "missing on this host: " + ", ".join(missing)
            + "\ninstall with: sudo apt-get install " + " ".join(sorted(wanted))
        )
