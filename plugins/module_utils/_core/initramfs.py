# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an initramfs must hold for the union to come up, and what one lacks.

An image is the frozenset of the names in it, and of the modules that its kernel has built in.
"""

from __future__ import annotations

import hashlib
import posixpath
from typing import NamedTuple

LIBRARY = "/usr/local/lib/overlayroot/overlayroot.sh"


class Tool(NamedTuple):
    """What makes the initramfs of each kernel."""

    name: str
    program: str  # the file that says that it is installed
    boot: str  # the script that the initramfs runs
    build: str  # what puts script, library, tools and modules into an initramfs
    in_image: str  # the name of the script there
    folders: tuple  # what is made for the two

    @property
    def option(self):
        """Its name among the options of a module."""
        return self.name.replace("-", "_")


INITRAMFS_TOOLS = Tool(
    "initramfs-tools",
    "/usr/sbin/update-initramfs",
    "/etc/initramfs-tools/scripts/local-bottom/labs-overlayroot",
    "/etc/initramfs-tools/hooks/labs-overlayroot",
    "labs-overlayroot",
    (),
)
_DRACUT_MODULE = "/usr/lib/dracut/modules.d/90labs-overlayroot"
DRACUT = Tool(
    "dracut",
    "/usr/bin/dracut",
    _DRACUT_MODULE + "/labs-overlayroot.sh",
    _DRACUT_MODULE + "/module-setup.sh",
    # A number from dracut comes before the name.
    "90-labs-overlayroot.sh",
    (_DRACUT_MODULE,),
)
# None at all: an image of busybox and kernel modules.
OWN = Tool(
    "busybox",
    "/bin/busybox",
    "/usr/local/lib/overlayroot/initrd-boot.sh",
    "/usr/local/lib/overlayroot/initrd-init.sh",
    "labs-overlayroot",
    (),
)
# The first one found is in use: the programs of each can be there beside those before it, which packages of kernels call.
TOOLS = (INITRAMFS_TOOLS, DRACUT, OWN)
_SCRIPTS = frozenset(tool.in_image for tool in TOOLS)

# What the build adds to tell one library from another.
STAMP_IN_IMAGE = "conf/overlayroot-"

# Others that make the root a union; two of them in one initramfs fight for the root. The file of
# each that says it is installed, and its Debian package.
RIVALS = {
    "/usr/share/initramfs-tools/scripts/init-bottom/overlayroot": "overlayroot",
    "/usr/share/initramfs-tools/scripts/local-bottom/bilibop-lockfs": "bilibop-lockfs",
    "/usr/share/initramfs-tools/scripts/live": "live-boot-initramfs-tools",
}


def starts_union(image):
    """Whether the image would start the boot library."""
    return any(map(_is_script, image))


def lacking(image, library, needed):
    """What the image lacks, in words.

    `library` is the text of the installed boot library; `needed` are kernel modules, and programs, which begin with @.
    """
    missing = []
    if not starts_union(image):
        missing.append("the boot script")
    if stamp(library) not in image:
        missing.append("the boot library as it is installed")
    missing.extend(f"program {name}" for name in needed if name.startswith("@") and not has_program(image, name))
    modules = module_names(image)
    missing.extend(f"kernel module {name}" for name in needed if not name.startswith("@") and name not in modules)
    return tuple(missing)


def lacking_for(image, fstype):
    """The kernel modules that the image lacks to mount another image, of a file system of that type."""
    modules = module_names(image)
    return tuple(name for name in ("loop", fstype) if name not in modules)


def has_program(image, name):
    return any(posixpath.basename(path) == name for path in image)


def with_union(image, library, needed, tool):
    """An image without the union as it is once the tool made it with what it needs in place."""
    added = {f"bin/{name}" if name.startswith("@") else f"kernel/{name}.ko" for name in needed}
    return image | added | {tool.in_image, stamp(library)}


def without_union(image):
    """The image as it is once it was made without the union."""
    return frozenset(name for name in image if not _is_script(name) and not name.startswith(STAMP_IN_IMAGE))


def _is_script(name):
    return posixpath.basename(name) in _SCRIPTS


def stamp(library):
    """The name of the empty file that marks an image made with this library."""
    return STAMP_IN_IMAGE + hashlib.sha256(library.encode("utf-8", "surrogateescape")).hexdigest()


def module_names(image):
    """The kernel modules among the names: ``a/b/dm-snapshot.ko.xz`` is ``dm_snapshot``."""
    bases = (posixpath.basename(name) for name in image)
    return frozenset(name.split(".ko")[0].replace("-", "_") for name in bases if ".ko" in name)
