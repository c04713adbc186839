# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of a cpio archive in the format newc, which the kernel unpacks as its initramfs.

After the kernel's Documentation/driver-api/early-userspace/buffer-format.rst: a header of 110 characters, the name with a
zero byte, the content, each of the last two filled up with zero bytes to four.
"""

from __future__ import annotations

from typing import NamedTuple

MAGIC = b"070701"
# With a sum of the content, in a field that is zero otherwise.
MAGICS = (MAGIC, b"070702")
HEADER_SIZE = 110
TRAILER = "TRAILER!!!"


class Member(NamedTuple):
    name: str
    mode: int = 0
    size: int = 0
    device: tuple = (0, 0)  # major and minor number of a device node


def parse(header):
    """(size of the name with its padding, size of the content with its padding, bytes of the name) of a header."""
    fields = [int(header[start : start + 8], 16) for start in range(6, HEADER_SIZE, 8)]
    size, name_size = fields[6], fields[11]
    return name_size + padding(HEADER_SIZE + name_size), size + padding(size), name_size - 1


def head(member, number):
    """The header and the name of a member; `number` tells it from others, as its inode number.

    It is root's, and of no time, so that the same members make the same archive.
    """
    name = member.name.encode("utf-8", "surrogateescape") + b"\0"
    fields = (number, member.mode, 0, 0, 1, 0, member.size, 0, 0, *member.device, len(name), 0)
    whole = MAGIC + b"".join(b"%08X" % field for field in fields) + name
    return whole + bytes(padding(len(whole)))


def padding(size):
    """How many zero bytes come after so many bytes."""
    return -size % 4
