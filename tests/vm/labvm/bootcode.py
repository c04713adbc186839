# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""GRUB's boot code in the first sectors of a raw disk.

boot.img goes into the first sector, beside the partition table; core.img follows in the gap
before the first partition. boot.img holds the sector of core.img, and the first sector of core.img
holds a list of where the rest of it lies: both are written here.
"""

import struct

from .errors import VmError

SECTOR = 512
TABLE_AT = 440
KERNEL_SECTOR_AT = 0x5C
BLOCKLIST_AT = SECTOR - 12
LOAD_SEGMENT = 0x820
CORE_AT = 1
FIRST_PARTITION = 2048


def patched_boot(boot, core_sector=CORE_AT):
    """The 440 bytes of boot code that load core.img from core_sector."""
    code = bytearray(boot[:TABLE_AT])
    struct.pack_into("<Q", code, KERNEL_SECTOR_AT, core_sector)
    return bytes(code)


def patched_core(core, core_sector=CORE_AT, room=FIRST_PARTITION - CORE_AT):
    """core.img in whole sectors, its block list filled in; room is in sectors."""
    sectors = -(-len(core) // SECTOR)
    if sectors > room:
        raise VmError(f"core.img: {sectors} sectors do not fit into {room}")
    code = bytearray(core.ljust(sectors * SECTOR, b"\0"))
    struct.pack_into("<QHH", code, BLOCKLIST_AT, core_sector + 1, sectors - 1, LOAD_SEGMENT)
    return bytes(code)


def install(disk, boot, core):
    """Write the boot code into the raw disk file; the partition table stays."""
    with open(disk, "r+b") as handle:
        handle.write(patched_boot(boot))
        handle.seek(CORE_AT * SECTOR)
        handle.write(patched_core(core))
