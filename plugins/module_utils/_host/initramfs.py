# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The initramfs of each kernel, by the tool that the host has for it.

The image that a kernel had before it was first made with the union is kept beside it, with the
checksum of the one that took its place. Where that one is still the same when the union goes,
nothing that an initramfs is made of has changed meanwhile, and the kept image is put back.
"""

from __future__ import annotations

import os
import posixpath
import shutil

from .._core import bootconf
from .._core.errors import OverlayrootError
from .._core.initramfs import INITRAMFS_TOOLS, OWN, starts_union
from .._core.initrd import Recipe
from . import cpio, files, mkinitrd
from .run import run

_BOOT = "/boot/"
_PREFIX = "initrd.img-"
_MODULES = "/lib/modules/"
_UPDATE = posixpath.basename(INITRAMFS_TOOLS.program)


def images():
    """For each installed kernel with an initramfs: the names in it and the modules built in."""
    names = os.listdir(_BOOT) if os.path.isdir(_BOOT) else []
    releases = [name[len(_PREFIX) :] for name in names if name.startswith(_PREFIX)]
    return {release: _image(release) for release in releases if os.path.isdir(_MODULES + release)}


def build(release):
    """Make the initramfs anew, keeping the one that the host had before the union."""
    image = _BOOT + _PREFIX + release
    is_first = not starts_union(cpio.names(image))
    if is_first:
        _keep(image)
    is_followed = _is_followed(image)
    try:
        _make(image, release)
    except OverlayrootError:
        if is_first:
            _forget(image)
        raise
    if is_followed:
        _write(_made(image), _checksum(image))
    else:
        _forget(image)


def restore(release):
    """Put the kept image back, or where there is none that still serves make one without the union."""
    image = _BOOT + _PREFIX + release
    if os.path.exists(_original(image)) and _is_followed(image):
        os.rename(_original(image), image)
    else:
        _make(image, release)
    _forget(image)
    os.sync()


def _make(image, release):
    """The new image takes the place of the old one when it is whole."""
    if shutil.which(_UPDATE):
        run([_UPDATE, "-u", "-k", release])
        return
    if not shutil.which("dracut"):
        mkinitrd.write(Recipe(image, release, _MODULES[:-1], OWN.program, posixpath.dirname(OWN.build), os.path.exists(bootconf.PATH)))
        return
    with files.aside(image) as new:
        run(["dracut", "--quiet", "--force", new, release])


def _image(release):
    builtin = _MODULES + release + "/modules.builtin"
    image = _BOOT + _PREFIX + release
    return frozenset(cpio.names(image)) | frozenset(_lines(builtin))


def _lines(path):
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read().splitlines()
    except FileNotFoundError:
        return []


def _original(image):
    return image + ".overlayroot-original"


def _made(image):
    return image + ".overlayroot-made"


def _keep(image):
    """As a link, since update-initramfs renames a new image over the old one; /boot may be vfat."""
    _forget(image)
    try:
        os.link(image, _original(image))
    except OSError:
        run(["cp", "--preserve=all", image, _original(image)])
    _write(_made(image), _checksum(image))


def _is_followed(image):
    """Whether the image is the one that was made when its original was kept."""
    return _lines(_made(image)) == [_checksum(image)]


def _forget(image):
    for path in (_original(image), _made(image)):
        if os.path.exists(path):
            os.unlink(path)


def _checksum(path):
    with open(path, "rb") as stream:
        return files.checksum(stream)


def _write(path, line):
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(line + "\n")
