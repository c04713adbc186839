# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The root that a host leaves its own for when it goes down: a fresh union over the base alone.

Nothing runs in the old root by then, so what its users wrote can be read as it stays. systemd moves into
it by itself (bootup(7), "System Manager Shutdown"); for other init systems a script does.
"""

from __future__ import annotations

from . import layout, mounted, store
from .options import known
from .union import Union

PATH = "/run/initramfs"
# Where it is put together, since there it hides what the boot hook has mounted.
STAGE = layout.PUBLIC + "/exit"
SCRATCH = store.TOP + "/shutdown"
OLD_ROOT = "/oldroot"
SCRIPT = "/shutdown"
# What puts it to use.
HALT = "/usr/local/lib/overlayroot/halt.sh"

_OPTIONS = {
    "index": "off",
    "metacopy": "off",
    "nfs_export": "off",
    "redirect_dir": "off",
    "uuid": "null",
    "verity": "off",
    "xino": "on",
}


def union(kernel, path=STAGE):
    """Of the options that EasyOS gives it, those that the kernel knows."""
    return Union(path, (layout.BASE,), SCRATCH + "/upper", SCRATCH + "/work", known(_OPTIONS, kernel))


def is_made(state):
    return _is_at(state, PATH)


def is_moved_into(state):
    """Whether it is the root by now."""
    return _is_at(state, "/")


def _is_at(state, path):
    found = mounted.at(state, path)
    return found is not None and found.upper == SCRATCH + "/upper"
