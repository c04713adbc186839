# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of overlayfs.

Source: the kernel's Documentation/filesystems/overlayfs.rst, and fs/overlayfs/namei.c and util.c.
"""

from __future__ import annotations

import os
import stat

from .._core.errors import OverlayrootError
from . import attributes
from .folder import HIDDEN, PLAIN, WHITEOUT, Folder, Marks


def is_whiteout(status):
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


class Overlay(Folder):
    __slots__ = ("holds_whiteouts",)

    PREFIX = "trusted.overlay."

    def look(self, name):
        status = super().look(name)
        return WHITEOUT if status is not None and self._is_whiteout(name, status) else status

    def names(self):
        found = super().names()
        if self.holds_whiteouts:
            files = [name for name, kind in found.items() if kind == stat.S_IFREG]
            found.update((name, HIDDEN) for name in files if self.look(name) is WHITEOUT)
        return found

    def own_marks(self):
        # Only in such a folder can a whiteout be a file, which is what a union in a union makes.
        self.holds_whiteouts = self._value(self.fd, self.attributes, "opaque") == b"x"
        return self._marks(self.fd, self.attributes)

    def lead_to(self, is_opaque, redirect):
        """Have these marks, and no other ones."""
        for name, value in (("opaque", b"y" if is_opaque else None), ("redirect", redirect)):
            if value is not None:
                os.setxattr(self.fd, self.PREFIX + name, value)
            elif self.PREFIX + name in self.attributes:
                os.removexattr(self.fd, self.PREFIX + name)

    def file_marks(self, name, names):
        return self._marks(attributes.target(self.fd, name), names)

    def _marks(self, target, names):
        if not names:
            return PLAIN
        opaque = self._value(target, names, "opaque") == b"y"
        redirect = self._value(target, names, "redirect")
        metacopy = self.PREFIX + "metacopy" in names
        return Marks(opaque, redirect, metacopy) if opaque or metacopy or redirect is not None else PLAIN

    def _value(self, target, names, name):
        return attributes.value(target, self.PREFIX + name) if self.PREFIX + name in names else None

    def seen_as(self, attribute):
        if not attribute.startswith(self.PREFIX):
            return attribute
        # What a union in the union calls its own.
        own = attribute[len(self.PREFIX) :]
        return self.PREFIX + own[len("overlay.") :] if own.startswith("overlay.") else None

    def _is_whiteout(self, name, status):
        if is_whiteout(status):
            return True
        if not self.holds_whiteouts or not stat.S_ISREG(status.st_mode) or status.st_size:
            return False
        return self.PREFIX + "whiteout" in attributes.names(attributes.target(self.fd, name))


class UserOverlay(Overlay):
    """Of a union with the option userxattr."""

    __slots__ = ()

    PREFIX = "user.overlay."

    def _marks(self, target, names):
        marks = super()._marks(target, names)
        if marks.redirect is not None or marks.metacopy:
            # Any user could have set them; the kernel does not follow them either.
            raise OverlayrootError(
                "the upper",
                "has an entry with the attribute user.overlay.redirect or user.overlay.metacopy, which is not followed",
                "Remove the attribute; no union with userxattr sets it",
            )
        return marks
