# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree that is seen through layers, as a folder that nobody writes to."""

from __future__ import annotations

import contextlib
import os

from .._core.errors import OverlayrootError
from .._host import files
from .folder import Folder
from .mounts import BIND, HARMLESS, READ_ONLY, REMOUNT, mount, mounted

# What makes the union show what the layers say, whatever the kernel's defaults are.
_OPTIONS = "index=off,nfs_export=off,xino=auto,"
_TRUSTED = _OPTIONS + "redirect_dir=follow,metacopy=on"
_USER = _OPTIONS + "redirect_dir=nofollow,metacopy=off,userxattr"


@contextlib.contextmanager
def merged(source):
    """Its root folder, and the path that programs find it by."""
    with _union(source.union) if source.union else _stacked(source) as path:
        with contextlib.closing(root_of(path)) as root:
            yield root, path


def root_of(path):
    """The root folder of one of our mounts."""
    return Folder(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), 0)


@contextlib.contextmanager
def _union(path):
    """One that is mounted, without what was mounted on it."""
    with files.folder(path) as top:
        with mounted("source", f"/proc/self/fd/{top}", None, BIND) as here:
            mount(None, here, None, BIND | REMOUNT | READ_ONLY | HARMLESS)
            yield here


@contextlib.contextmanager
def _stacked(source):
    """An empty folder is the lowest: one layer alone is no union, and would not hide its whiteouts."""
    with contextlib.ExitStack() as stack:
        nothing = stack.enter_context(mounted("nothing", "nothing", "tmpfs", READ_ONLY))
        layers = [_opened(stack, path) for path in (*source.layers, nothing)]
        lower = ":".join(f"/proc/self/fd/{layer}" for layer in layers)
        options = f"lowerdir={lower},{_USER if source.userxattr else _TRUSTED}"
        yield _overlay(stack, source, options)


def _overlay(stack, source, options):
    try:
        return stack.enter_context(mounted("source", "overlay", "overlay", READ_ONLY | HARMLESS, options))
    except OSError as error:
        raise OverlayrootError(
            f"layers {', '.join(source.layers)}",
            f"cannot be mounted as a union: {error.strerror}",
            "The kernel's log (dmesg) says why, in lines that begin with overlayfs:",
        ) from error


def _opened(stack, path):
    try:
        return stack.enter_context(files.folder(path))
    except OSError as error:
        raise OverlayrootError(f"layer {path}", f"cannot be opened: {error.strerror}", "Name a folder") from error
