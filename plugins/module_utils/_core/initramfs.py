# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an initramfs must hold for the union to come up, and what one lacks."""

from __future__ import annotations

import hashlib
import posixpath
from typing import Iterable, NamedTuple

HOOK = "/etc/initramfs-tools/hooks/labs-overlayroot"
SCRIPT = "/etc/initramfs-tools/scripts/local-bottom/labs-overlayroot"
LIBRARY = "/usr/local/lib/overlayroot/overlayroot.sh"

# Where initramfs-tools puts the script and what the hook adds to tell one library from another.
SCRIPT_IN_IMAGE = "scripts/local-bottom/labs-overlayroot"
STAMP_IN_IMAGE = "conf/overlayroot-%s"

# Others that make the root a union; two of them in one initramfs fight for the root. The file of
# each that says it is installed, its Debian package.
RIVALS = {
    "/usr/share/initramfs-tools/scripts/init-bottom/overlayroot": "overlayroot",
    "/usr/share/initramfs-tools/scripts/local-bottom/bilibop-lockfs": "bilibop-lockfs",
    "/usr/share/initramfs-tools/scripts/live": "live-boot-initramfs-tools",
}


class Image(NamedTuple):
    """One kernel's initramfs: the names in it, and the modules that the kernel has built in."""

    names: frozenset
    builtin: frozenset = frozenset()

    @property
    def is_ours(self) -> bool:
        """Whether the image would start the boot library."""
        return SCRIPT_IN_IMAGE in self.names

    def lacking(self, library: str, data_type: str) -> tuple:
        """Return what the image lacks, in words, given the text of the library and the data's type."""
        needs = [
            (SCRIPT_IN_IMAGE in self.names, "the boot script"),
            (stamp(library) in self.names, "the boot library as it is installed"),
            (self._has_module("overlay"), "kernel module overlay"),
        ]
        if data_type:
            needs.append((self._has_module(data_type), "kernel module %s" % data_type))
        return tuple(what for there, what in needs if not there)

    def _has_module(self, name: str) -> bool:
        return name in self.builtin or name in module_names(self.names)

    def with_union(self, library: str, data_type: str) -> Image:
        """Return the image as it is after it was made with the hook in place."""
        modules = {"kernel/%s.ko" % name for name in ("overlay", data_type) if name}
        return self._replace(names=self.names | {SCRIPT_IN_IMAGE, stamp(library)} | modules)

    def without_union(self) -> Image:
        """Return the image as it is after it was made without the hook."""
        return self._replace(names=self.names - {SCRIPT_IN_IMAGE})


def stamp(library: str) -> str:
    """Return the name of the empty file that marks an image made with this library."""
    return STAMP_IN_IMAGE % hashlib.sha256(library.encode("utf-8", "surrogateescape")).hexdigest()


def module_names(names: Iterable[str]) -> frozenset:
    """Return the kernel modules among file names: ``a/b/ext4.ko.xz`` is ``ext4``."""
    bases = (posixpath.basename(name) for name in names)
    return frozenset(base.split(".ko")[0].replace("-", "_") for base in bases if ".ko" in base)
