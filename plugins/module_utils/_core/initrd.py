# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an initramfs of busybox and kernel modules holds: which modules, and what modprobe reads about them."""

from __future__ import annotations

import posixpath
from typing import NamedTuple

# Of /lib/modules/RELEASE/kernel: what a root, a data file system and an image can lie on, and the wired network.
_PARTS = (
    "crypto/",
    "drivers/ata/",
    "drivers/block/",
    "drivers/hid/",
    "drivers/hv/",
    "drivers/md/",
    "drivers/mmc/",
    "drivers/net/ethernet/",
    "drivers/nvme/",
    "drivers/scsi/",
    "drivers/usb/host/",
    "drivers/usb/storage/",
    "drivers/virtio/",
    "drivers/xen/",
    "fs/",
    "lib/",
)
_MODULES = ("virtio_net", "mii", "failover", "net_failover", "hv_netvsc", "xen_netfront", "vmxnet3", "af_packet")
# Beside modules.dep, which is written anew.
INDEXES = ("modules.alias", "modules.softdep", "modules.builtin", "modules.order")
_SUFFIXES = (".xz", ".gz", ".zst")


class Recipe(NamedTuple):
    """Of an image in a file: what it is made of."""

    path: str
    release: str  # of the kernel; empty for the one that runs
    modules: str  # the folder of the modules of all kernels
    busybox: str
    scripts: str  # the folder of the boot library and of what is beside it
    has_union: bool = True  # whether it makes the root a union where that asks for it


class Made(NamedTuple):
    """What is at the path of a recipe, and what would be: checksums of the archive that is unpacked."""

    release: str
    content: str  # None where there is no image
    wanted: str


def parse(text):
    """modules.dep: the path of each module, and the paths of those that it needs."""
    pairs = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {path: tuple(needed.split()) for path, _colon, needed in pairs}


def chosen(dependencies):
    """The paths of the modules that an initramfs holds, with all that they need; sorted."""
    found, todo = set(), [path for path in dependencies if _is_wanted(path)]
    while todo:
        path = todo.pop()
        if path not in found:
            found.add(path)
            todo.extend(dependencies[path])
    return sorted(found)


def index(dependencies, paths):
    """modules.dep of an initramfs that holds only these, none of them compressed."""
    return "".join(f"{plain(path)}: {' '.join(map(plain, dependencies[path]))}".rstrip() + "\n" for path in paths)


def plain(path):
    """The path of a module that is not compressed."""
    for suffix in _SUFFIXES:
        if path.endswith(suffix):
            return path[: -len(suffix)]
    return path


def _is_wanted(path):
    part = path.partition("/")[2]
    return part.startswith(_PARTS) or posixpath.basename(plain(part))[:-3].replace("-", "_") in _MODULES
