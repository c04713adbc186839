# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The init systems, and what tells which one has started the host."""

from __future__ import annotations

import posixpath

from . import layout
from .errors import OverlayrootError

# The init script that ends the root union, for those that have such scripts, and where they link those that end a host.
SCRIPT = "/etc/init.d/overlayroot"
LINKS = {"sysvinit": "/etc/rc0.d", "openrc": "/etc/runlevels/off"}

_INIT = "/sbin/init"
# OpenRC may be started by sysvinit's init.
_SIGNS = {"systemd": "/run/systemd/system", "openrc": "/run/openrc", "sysvinit": "/run/initctl"}
PATHS = (_INIT, *_SIGNS.values())


def of(state):
    """The name of the one that has started the host."""
    for name, sign in _SIGNS.items():
        if state.paths[sign].kind:
            return name
    if posixpath.basename(state.real(_INIT)) == "busybox":
        return "busybox"
    raise OverlayrootError(
        _INIT,
        "is not known to leave a root union cleanly: it is none of systemd, sysvinit, OpenRC and busybox",
        "Use another init system, or a union of overlay or aufs without overlayroot_data",
    )


def is_linked(state, init):
    """Whether an init system runs the script."""
    return any(map(is_link, state.folders[layout.base(state, LINKS[init])] or ()))


def is_link(name):
    """Whether a link of that name is one to the script; sysvinit puts a letter and a number before it."""
    return name.lstrip("K0123456789") == posixpath.basename(SCRIPT)
