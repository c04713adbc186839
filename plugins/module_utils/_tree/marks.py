# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer says of those below it, written as each format does; how it is read is beside it, in a module each.

A folder of the new layer is given by a descriptor, and by the way of names that leads there.
"""

from __future__ import annotations

import contextlib
import os
import stat

from .._core.errors import OverlayrootError
from .._host import files
from . import raw

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OVERLAY = "trusted.overlay."


class Marks:
    def __init__(self, root):
        self.root = root

    def check(self, path, name):
        """Refuse a name that cannot be in such a layer."""

    def attribute(self, name):
        """How an extended attribute is called for the union to show it by that name."""
        return name


class OverlayMarks(Marks):
    def hide(self, folder, way, name):
        os.mknod(name, stat.S_IFCHR, 0, dir_fd=folder)
        raw.note_whiteouts(folder, _OVERLAY)

    def close_off(self, folder, way):
        os.setxattr(folder, _OVERLAY + "opaque", b"y")

    def attribute(self, name):
        return _OVERLAY + "overlay." + name[len(_OVERLAY) :] if name.startswith(_OVERLAY) else name


class AufsMarks(Marks):
    LONGEST = 242  # bytes

    def check(self, path, name):
        if name.startswith(".wh.") or len(os.fsencode(name)) > self.LONGEST:
            raise OverlayrootError(path, "has a name that aufs has for its own, or that is too long for it", "Rename it in a boot with overlay")

    def hide(self, folder, way, name):
        os.close(os.open(".wh." + name, _NEW, 0o444, dir_fd=folder))

    def close_off(self, folder, way):
        self.hide(folder, way, ".wh..opq")


class UnionfsFuseMarks(Marks):
    """Notes about a folder lie in one of the same path below the first."""

    NOTES = ".unionfs-fuse"  # of version 1, the one that Debian has; later ones have another name

    def hide(self, folder, way, name):
        here = os.dup(self.root)
        try:
            for part in (self.NOTES, *way):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=here)
                above, here = here, os.open(part, files.FOLDER, dir_fd=here)
                os.close(above)
            os.close(os.open(name + "_HIDDEN~", _NEW, 0o644, dir_fd=here))
        finally:
            os.close(here)

    def close_off(self, folder, way):
        self.hide(folder, way[:-1], way[-1])


MARKS = {"overlay": OverlayMarks, "aufs": AufsMarks, "unionfs_fuse": UnionfsFuseMarks}
