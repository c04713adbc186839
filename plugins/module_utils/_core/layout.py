# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are on a managed host: its base, its store, its configuration."""

from __future__ import annotations

from . import mountinfo
from .errors import OverlayrootError

CONFIG = "/etc/overlayroot"
PUBLIC = "/run/overlayroot"
RECORD = PUBLIC + "/boot"
RUN = "/run/initramfs/overlayroot"
BASE = RUN + "/base"
DATA = RUN + "/data"
RAM = RUN + "/rw"
IMAGE = RUN + "/image"
LOWER = RUN + "/lower"  # the layers over those two as one, for a backend that knows none
STORE = DATA + "/overlayroot"

# What is held by whoever changes the host, as far as it is there.
LOCKED = (STORE, RUN)


def upper(backend):
    """The name of the root's upper, beside its work folder."""
    return "upper" if backend == "overlay" else f"upper.{backend}"


def is_union(state):
    """Whether the host runs on the root union that the boot hook made."""
    return mountinfo.at(state.mounts, BASE) is not None


def base(state, path):
    """Where the base's own `path` is now: below BASE in a booted union."""
    return BASE + path if is_union(state) else path


def both(paths):
    """The paths and where they are in a booted union, for a Sight that does not know yet."""
    return tuple(paths) + tuple(BASE + path for path in paths)


def check_changeable(state, steps):
    """Refuse to change the files of a base that a running union protects."""
    if steps and is_union(state):
        raise OverlayrootError(
            "the root union",
            "this host runs protected, and files of its base would have to change: %s"
            % ", ".join(sorted({step.show()["path"] for step in steps})),
            "Boot it without the union first: the role provision does that by itself, the playbook maintain for you",
        )
