# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A union of folders, as the program unionfs-fuse mounts it.

Source: unionfs(8), and src/opts.c of unionfs-fuse.
"""

from __future__ import annotations

import re

from .errors import OverlayrootError
from .union import Union, check_no_work

PROGRAM = "/usr/bin/unionfs"
_NAME = "unionfs:"
# What every union gets: writes go to the upper, other users may enter, and notes about what is hidden are not shown.
_ALWAYS = ("cow", "allow_other", "use_ino", "suid", "dev", "hide_meta_files", "nonempty")
_NUMBERS = ("max_files",)
_SWITCHES = ("statfs_omit_ro", "hard_remove")


class UnionfsFuse(Union):
    """`lower` and `upper` are its branches, and it has no work folder."""

    __slots__ = ()

    fstype = "fuse.unionfs"

    format = "unionfs_fuse"

    @property
    def source(self):
        """The kernel knows nothing of branches, but keeps this name, so they are in it."""
        return _NAME + ":".join(map(_quoted, self._named()))

    def checked(self):
        check_no_work(self)
        if self.permissions:
            raise OverlayrootError("permissions", "are not known to unionfs-fuse", "Leave them out, or choose the backend aufs")
        check_paths((*self.lower, *filter(None, [self.upper])))
        return self._replace(options=check_options(self.options))

    def completed(self, kernel):
        return self

    def program(self):
        """The branches, and the options, for the program's command line."""
        options = [*_ALWAYS, *(name if value is True else f"{name}={value}" for name, value in sorted(self.options.items()))]
        return ":".join(self._named()), ",".join([*options, "subtype=unionfs", f"fsname={self.source}"])

    def shown(self):
        """The options of the program are in no table."""
        access = ("ro" if self.upper is None else "rw", None)
        return (access, ("user_id", "0"), ("group_id", "0"), ("default_permissions", None), ("allow_other", None))

    def _named(self):
        yield from ([f"{self.upper}=RW"] if self.upper is not None else [])
        yield from (f"{path}=RO" for path in self.lower)


def from_mount(mount):
    """The UnionfsFuse that a line of mountinfo shows. One that another hand has mounted does not say what it is of."""
    branches = []
    if mount.source.startswith(_NAME):
        branches = [_unquoted(part).rpartition("=") for part in mount.source[len(_NAME) :].split(":")]
    upper = next((path for path, _equals, access in branches if access == "RW"), None)
    lower = tuple(path for path, _equals, access in branches if access == "RO")
    return UnionfsFuse(mount.path, lower, upper, None, {}, "unionfs_fuse")


def check_options(options):
    for name, value in options.items():
        if name in _NUMBERS:
            if isinstance(value, bool) or not re.fullmatch("[1-9][0-9]*", str(value)):
                raise OverlayrootError(f"option {name}", f"the value {value!r} is not allowed", "Use a number of files")
        elif name not in _SWITCHES:
            raise OverlayrootError(
                f"option {name}", "unionfs-fuse options do not include it", f"Use some of {', '.join((*_NUMBERS, *_SWITCHES))}"
            )
        elif not isinstance(value, bool):
            raise OverlayrootError(f"option {name}", f"the value {value!r} is not allowed", "Use true or false")
    return {name: value for name, value in options.items() if value is not False}


def check_paths(paths):
    """The program splits its argument at colons, and knows no escape."""
    for path in paths:
        if ":" in path or "=" in path:
            raise OverlayrootError(f"branch {path}", "has a colon or an equals sign in it, which unionfs-fuse takes for its own", "Rename the folder")


def _quoted(text):
    """What would end the name, or a branch in it, stands as %NN."""
    return re.sub(r"[%,:\\\s]", lambda match: f"%{ord(match.group()):02x}", text, flags=re.ASCII)


def _unquoted(text):
    return re.sub("%([0-9a-f]{2})", lambda match: chr(int(match.group(1), 16)), text)
