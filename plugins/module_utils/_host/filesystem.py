# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system that is made anew, with the names of the old one and folders that were in it."""

from __future__ import annotations

import os
import shutil
import stat

from .._core import mountinfo
from .._core.errors import OverlayrootError
from .._core.paths import with_parents
from . import files
from .names import encode
from .run import run

# What the kernel shows among the options of a mount, and mount(8) does not take.
_SHOWN_ONLY = ("seclabel",)


def noted(mount, folders):
    """What is needed of the old one, before it is unmounted: its names, and the status of each folder by its path, the
    outer ones first."""
    if shutil.which("mke2fs") is None:
        raise OverlayrootError("command mke2fs", "is not installed", "Install the package e2fsprogs")
    names = [_value(mount.source, tag) for tag in ("UUID", "LABEL")]
    paths = dict.fromkeys(path for folder in folders for path in with_parents(folder) if mountinfo.is_within(path, mount.path))
    return names, {path: _status(path) for path in paths}


def make(mount, names, folders):
    """In the place of one that was unmounted. It is mounted in any case, as far as there is one."""
    uuid, label = names
    try:
        run(["mke2fs", "-q", "-F", "-t", mount.fstype, "-U", uuid, "-L", label, mount.source], "the package e2fsprogs")
    finally:
        run(["mount", "-t", mount.fstype, "-o", _options(mount), mount.source, mount.path])
    for path, status in folders.items():
        if path != mount.path:
            os.mkdir(encode(path))
        with files.folder(path) as folder:
            os.fchown(folder, status.st_uid, status.st_gid)
            os.fchmod(folder, stat.S_IMODE(status.st_mode))


def _value(device, tag):
    return run(["blkid", "-p", "-s", tag, "-o", "value", device], "the package util-linux").rstrip("\n")


def _status(path):
    with files.folder(path) as folder:
        return os.fstat(folder)


def _options(mount):
    shown = [name if value is None else f"{name}={value}" for name, value in mount.super_options if name not in _SHOWN_ONLY]
    return ",".join(dict.fromkeys([*mount.options, *shown]))
