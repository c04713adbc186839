# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the command overlayrootctl is on a managed host, with what helps its users."""

from __future__ import annotations

import base64

from .errors import OverlayrootError

COMMAND = "/usr/local/sbin/overlayrootctl"
MANUAL = "/usr/local/share/man/man8/overlayrootctl.8"
COMPLETION = "/usr/local/share/bash-completion/completions/overlayrootctl"

# Those that a host may lack, and others may have files in.
FOLDERS = (
    "/usr/local/share/man/man8",
    "/usr/local/share/bash-completion",
    "/usr/local/share/bash-completion/completions",
)


def decoded(text):
    """The file, as the lookup overlayrootctl gives it."""
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "surrogateescape")
    except ValueError:
        raise OverlayrootError("option command", "is not base64", "Use the lookup labs.overlayroot.overlayrootctl") from None
