# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of file systems, /etc/fstab (fstab(5)), edited without touching any other line."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from .errors import OverlayrootError
from .mountinfo import decode


class Entry(NamedTuple):
    """One line, decoded. `options` is the text of the fourth field."""

    source: str
    path: str
    fstype: str
    options: str = "defaults"
    dump: str = "0"
    check: str = "0"

    @property
    def asks_for_overlay(self):
        return self.fstype == "overlay" or re.search(r"(^|,)(lower|upper|work)dir=", self.options) is not None


class Fstab(NamedTuple):
    """The file: its lines as they are, line ends included, so that it renders back byte for byte."""

    lines: tuple

    @property
    def text(self):
        return "".join(self.lines)

    @property
    def entries(self):
        return tuple(entry for entry in map(_parse_line, self.lines) if entry is not None)

    def find(self, path, fstype):
        """The first entry of a mount point and type, or None."""
        return next((entry for entry in self.entries if _matches(entry, path, fstype)), None)

    def put(self, entry):
        """With `entry` in place of the one of its mount point and type, else at the end."""
        if entry.path == "/" and entry.asks_for_overlay:
            raise OverlayrootError(
                "fstab",
                "an overlay entry for / was asked for; a remount of / with overlay options fails at boot",
                "Let the initramfs mount the union of the root",
            )
        line = render(entry) + "\n"
        if self.find(entry.path, entry.fstype) is None:
            return Fstab(_ended(self.lines) + (line,))
        return Fstab(
            tuple(line if _matches(_parse_line(old), entry.path, entry.fstype) else old for old in self.lines)
        )

    def remove(self, path, fstype):
        """Without the entries of a mount point and type."""
        return Fstab(tuple(line for line in self.lines if not _matches(_parse_line(line), path, fstype)))


def parse(text):
    """The file as Fstab; OverlayrootError names the first line that mount(8) could not use.

    A line needs source, mount point and type; options, dump and check may be missing, as libmount
    allows, and a comment may follow the sixth field.
    """
    fstab = Fstab(tuple(re.findall(r"[^\n]*\n|[^\n]+", text)))
    for number, line in enumerate(fstab.lines, 1):
        problem = _problem(_fields(line))
        if problem:
            raise OverlayrootError(f"fstab line {number}", problem, "Correct or comment out the line")
    return fstab


def render(entry):
    """The line of an Entry, without its end."""
    return " ".join(re.sub(r"[ \t\n\\]", lambda match: f"\\{ord(match.group()):03o}", field) for field in entry)


def _fields(line):
    fields = [field for field in re.split(r"[ \t]+", line.rstrip("\n")) if field]
    return [] if fields and fields[0].startswith("#") else fields


def _problem(fields):
    if fields and len(fields) < 3:
        return f"{len(fields)} of the fields source, mount point and type"
    for name, value in zip(("dump", "check"), fields[4:6]):
        if not value.isdigit():
            return f"the field {name} is {value!r}, not a number"
    if len(fields) > 6 and not fields[6].startswith("#"):
        return f"text after the sixth field: {fields[6]!r}"
    return None


def _parse_line(line):
    fields = _fields(line)
    return Entry(*(decode(field) for field in fields[:6])) if fields else None


def _matches(entry, path, fstype):
    return entry is not None and (posixpath.normpath(entry.path), entry.fstype) == (path, fstype)


def _ended(lines):
    if lines and not lines[-1].endswith("\n"):
        return lines[:-1] + (lines[-1] + "\n",)
    return lines
