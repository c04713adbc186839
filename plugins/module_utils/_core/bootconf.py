# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a host, which the boot hook reads as well: /etc/overlayroot/boot.conf."""

from __future__ import annotations

import re
from typing import NamedTuple

from . import layout
from .errors import OverlayrootError

PATH = layout.CONFIG + "/boot.conf"
HEADER = "# Written by labs.overlayroot and read from the base at boot.\n"

# tmpfs(5): the suffixes of size are powers of 1024.
UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}

LEAST_UPPER = UNITS["m"]

# What can hold an upper: overlayfs needs trusted.* attributes, d_type and RENAME_WHITEOUT there.
UPPER_TYPES = ("ext4", "ext3", "ext2", "xfs", "btrfs", "f2fs")


class BootConf(NamedTuple):
    """What a booting host is asked to become. Every value is text; an empty one is not stated."""

    backend: str = "overlay"
    persistence: str = "none"
    data: str = ""
    data_type: str = ""
    data_options: str = ""
    ram_size: str = ""
    ram_inodes: str = ""
    on_failure: str = "open"
    options: str = ""
    keep_generations: str = ""  # how many
    keep_days: str = ""
    keep_size: str = ""  # of all layers
    fold_seconds: str = ""  # that a shutdown may take until then
    backend_fallback: str = ""  # where a kernel has no other

    @property
    def text(self):
        """The file: one ``key=value`` a line, no quoting."""
        return HEADER + "".join("%s=%s\n" % item for item in self._asdict().items())


def parse(text):
    """The configuration in `text`, as the boot library reads it."""
    pairs = (line.partition("=") for line in text.split("\n") if not line.startswith("#"))
    return BootConf(**{key: value for key, equals, value in pairs if key in BootConf._fields})


def check(conf, memory):
    """Refuse a configuration that could not boot. `memory` is the host's, in bytes."""
    for key, value in conf._asdict().items():
        if "\n" in value:
            raise OverlayrootError(key, "a value of %s cannot hold a newline: %r" % (PATH, value), "Take it out")
    kept = {"session": "session", "upper": "upper"}.get(conf.persistence)
    if kept and not conf.data:
        raise OverlayrootError(
            f"persistence {kept}", f"there is no data file system to hold the {kept}", "Set overlayroot_data"
        )
    _check_size(conf.ram_size, memory)
    check_kept(conf)


def check_kept(conf):
    """Refuse what a save could not keep to."""
    for key in ("keep_generations", "keep_days"):
        if not re.match(r"\d*\Z", getattr(conf, key)):
            raise OverlayrootError(f"{key} {getattr(conf, key)}", "is no number", "Give a number, or 0 for no limit")
    if conf.keep_size and kept_bytes(conf) is None:
        raise OverlayrootError(f"keep_size {conf.keep_size}", "is not a size", "Use bytes with k, m or g (20g)")


def kept_bytes(conf):
    """That layers may hold in all; None where any number is fine."""
    match = re.match(r"([1-9]\d*)([kmg]?)\Z", conf.keep_size.lower())
    return int(match.group(1)) * UNITS[match.group(2)] if match else None


def check_data(device, found):
    """Refuse a data file system that is not there or cannot hold an upper.

    `found` is its type, empty where the device holds none, None where there is no such device.
    """
    if found is None:
        raise OverlayrootError("data %s" % device, "no such device on this host", "Correct overlayroot_data")
    if found not in UPPER_TYPES:
        raise OverlayrootError(
            "data %s" % device,
            "holds %s, which cannot hold an upper" % (found or "no file system"),
            "Use one of %s; the role disks makes it on an empty device" % ", ".join(UPPER_TYPES),
        )


def _check_size(size, memory):
    match = re.match(r"([1-9]\d*)([kmg]?|%)\Z", size.lower())
    if not match:
        raise OverlayrootError(
            "ram_size %s" % size, "is not a size", "Use a percentage (50%), or bytes with k, m or g (512m)"
        )
    number, unit = int(match.group(1)), match.group(2)
    bytes_asked = memory * number // 100 if unit == "%" else number * UNITS[unit]
    if bytes_asked > memory:
        raise OverlayrootError(
            "ram_size %s" % size,
            "is more than the host's memory of %d MiB" % (memory // UNITS["m"]),
            "Choose a smaller size, or keep the upper on a disk (persistence upper)",
        )
    if bytes_asked < LEAST_UPPER:
        raise OverlayrootError(
            "ram_size %s" % size,
            "is %d bytes, too few for a system to boot with" % bytes_asked,
            "Give more, say 512m: a number without k, m or g counts bytes",
        )
