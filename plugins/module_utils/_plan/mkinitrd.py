# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An initramfs of busybox and kernel modules, in a file of its own."""

from __future__ import annotations

import posixpath

from .._core import initramfs
from .._core.errors import OverlayrootError
from .._core.initrd import Recipe
from .._core.state import Sight
from .._core.steps import MakeInitrd

ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "kernel": {"type": "str", "default": ""},
    "modules": {"type": "path", "default": "/lib/modules"},
    "busybox": {"type": "path", "default": initramfs.OWN.program},
    "scripts": {"type": "path", "default": posixpath.dirname(initramfs.OWN.build)},
}
RULES = {}


def wanted(params):
    return Recipe(params["path"], params["kernel"], params["modules"], params["busybox"], params["scripts"])


def asked(wanted):
    """Nothing is destroyed here but an older image at the same place."""
    return ()


def locked(wanted):
    return (posixpath.dirname(wanted.path),)


def sight(wanted):
    return Sight(paths=(wanted.path,), initrds=(wanted,))


def plan(seen, wanted):
    if seen.paths[wanted.path].kind == "directory":
        raise OverlayrootError(wanted.path, "is a folder", "Name the file that is to be made")
    found = seen.initrds[wanted]
    return () if found.content == found.wanted else (MakeInitrd(wanted),)


def check_apply(seen, steps):
    """An image may always be made."""


def show(state, wanted):
    return {"initrd": {"path": wanted.path, "kernel": state.initrds[wanted].release, "content": state.initrds[wanted].content}}
