# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration that the boot hook reads: /etc/overlayroot/boot.conf."""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import OverlayrootError

PATH = "/etc/overlayroot/boot.conf"
HEADER = "# Written by labs.overlayroot; read at boot from the base. See roles/initramfs.\n"

# tmpfs(5): the suffixes of size and nr_inodes are powers of 1024.
UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}


class BootConf(NamedTuple):
    """What a booting host is asked to become. Every value is text; an empty one is not stated."""

    backend: str = "overlay"
    persistence: str = "none"
    data: str = ""
    data_type: str = ""
    data_options: str = ""
    ram_size: str = "50%"
    ram_inodes: str = ""
    on_failure: str = "open"
    options: str = ""

    def render(self) -> str:
        """Return the file's text: one ``key=value`` a line, no quoting."""
        for key, value in self._asdict().items():
            if "\n" in value:
                raise OverlayrootError(
                    "%s=%r" % (key, value), "a value of %s cannot hold a newline" % PATH, "take it out"
                )
        return HEADER + "".join("%s=%s\n" % item for item in self._asdict().items())


def parse(text: str) -> BootConf:
    """Return the configuration in `text`, as the boot library reads it."""
    pairs = (line.partition("=") for line in text.splitlines() if line and not line.startswith("#"))
    known = {key: value for key, _equals, value in pairs if key in BootConf._fields}
    return BootConf(**known)


def size_in_bytes(size: str, memory: int) -> int:
    """Return a tmpfs size such as ``50%``, ``512m`` or ``1048576`` in bytes.

    `memory` is the host's memory in bytes. Raises OverlayrootError for anything else, and for a
    size that is more than the memory there is.
    """
    match = re.match(r"([1-9]\d*)([kmg]?|%)\Z", size.lower())
    if not match:
        raise OverlayrootError(
            "ram_size %s" % size, "is not a size", "use a percentage (50%), or bytes with k, m or g (512m)"
        )
    number, unit = int(match.group(1)), match.group(2)
    size_bytes = memory * number // 100 if unit == "%" else number * UNITS[unit]
    if size_bytes > memory:
        raise OverlayrootError(
            "ram_size %s" % size,
            "is more than the host's memory of %d MiB" % (memory // UNITS["m"]),
            "choose a smaller size, or keep the upper on a disk (persistence upper)",
        )
    return size_bytes
