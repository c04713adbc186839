# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of busybox's init: what it runs when the host goes down."""

from __future__ import annotations

import posixpath

from . import halt_script
from .errors import OverlayrootError

PATH = "/etc/inittab"
HOOK = "::shutdown:" + halt_script.HOOK

_HARMLESS = ("swapoff", "sync")


def ends(text):
    """(line number, words) of what ends the host, in turn."""
    for number, line in enumerate(text.split("\n")):
        fields = line.split(":", 3)
        if len(fields) == 4 and not line.startswith("#") and fields[2] == "shutdown":
            words = fields[3].split()
            if posixpath.basename(words[0]) not in _HARMLESS:
                yield number, words


def place(text, scripts):
    """The number of the line that the session is to be saved before; None where one of the halt scripts does that."""
    for number, words in ends(text):
        if " ".join(words) == halt_script.HOOK:
            return None
        if halt_script.ends(words):
            return number
        if words[0] not in scripts:
            raise OverlayrootError(
                f"{PATH}:{number + 1}", f"runs {words[0]}, which is no known halt script", "Add it to overlayroot_halt_scripts"
            )
        if scripts[words[0]]:
            return None
    return len(text.split("\n")) - 1


def patched(text, number):
    """A table that saves the session before the line `number`."""
    lines = text.split("\n")
    return "\n".join([*lines[:number], halt_script.ADDED, HOOK, *lines[number:]])
