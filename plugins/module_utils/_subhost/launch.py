# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of this archive that run by themselves, as lean as Python can be.

The program of a process that enters a subhost could be reached from there by /proc, and be written to. These processes run
Python by a mount of its own that is read-only, so nobody writes to that of the host.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

from .._core.command import COMMAND
from . import kernel

# Words of their command lines, by which they are known.
KEEPER, ENTER = "overlayroot-keeper", "overlayroot-enter"
_PROGRAMS = {KEEPER: "keeper", ENTER: "enter"}

_CODE = "import sys; sys.path[:0] = [{!r}]; from overlayroot._subhost.{} import main; sys.exit(main({}))"


def ending(config):
    """The command line of a keeper that the end of its subhost is up to."""
    return [os.path.realpath(sys.executable), "-I", "-S", "-c", _CODE.format(COMMAND, "ending", ""), KEEPER, config]


def enter(name, wanted, **more):
    """A Popen of a command in a subhost; see what `enter` reads."""
    return start(ENTER, [name], -1, env={**os.environ, "OVERLAYROOT_ENTER": json.dumps(wanted)}, **more)


def start(program, words, report, **more):
    """A Popen; `report` is a descriptor that it inherits, and `more` is for subprocess.Popen."""
    python = os.path.realpath(sys.executable)
    with open("/proc/self/ns/mnt", "rb") as own:
        code = _CODE.format(COMMAND, _PROGRAMS[program], f"{report}, {own.fileno()}")
        argv = [python, "-I", "-S", "-c", code, program, *words]
        kept = [descriptor for descriptor in (report, own.fileno()) if descriptor >= 0]
        return subprocess.Popen(argv, pass_fds=kept, preexec_fn=lambda: _shield(python), **more)


def _shield(python):
    kernel.unshare(kernel.NEW_MOUNTS)
    kernel.mount("none", "/", None, kernel.RECURSIVE | kernel.PRIVATE)
    kernel.mount(python, python, None, kernel.BIND)
    kernel.remount(python, kernel.READ_ONLY)
