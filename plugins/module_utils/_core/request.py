# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next boot is asked for: lines in the file boot/next, which that boot uses up."""

from __future__ import annotations

from . import bootconf, layout, mountinfo, store
from .errors import OverlayrootError
from .paths import for_shell
from .state import Sight
from .steps import MakeDir, OverwriteFile, Remount, WriteFile

ON_BASE = layout.CONFIG + "/boot"

_FOLDERS = (*layout.both([ON_BASE]), store.BOOT)
SIGHT = Sight(
    paths=_FOLDERS,
    files=(*layout.both([bootconf.PATH]), *(folder + "/next" for folder in _FOLDERS)),
    folders=store.FOLDERS,
)


def conf(state):
    """The BootConf that the next boot will read."""
    file = state.files[layout.base(state, bootconf.PATH)]
    if file is None:
        raise OverlayrootError(bootconf.PATH, "this host is not provisioned", "Run the playbook provision")
    return bootconf.parse(file.content)


def of(state):
    """The request, empty where there is none."""
    found = state.files[_folder(state) + "/next"]
    return found.content.strip() if found else ""


def value(state, key):
    """What the request says behind `key=`, empty where it does not speak of that."""
    lines = (line.partition("=") for line in of(state).split("\n"))
    return next((found for name, _equals, found in lines if name == key), "")


def steps(state, text):
    """To have the request `text`, or with an empty one none."""
    if of(state) == text:
        return ()
    content = text + "\n" if text else ""
    folder = _folder(state)
    path, found = folder + "/next", state.files[folder + "/next"]
    made = () if state.paths[folder].kind else (MakeDir(folder),)
    if not mountinfo.is_within(folder, layout.BASE):
        return (*made, WriteFile(path, content))
    # The base is writable for this one file.
    written = OverwriteFile(path, content) if found else WriteFile(path, content)
    return (Remount(layout.BASE, read_only=False), *made, written, Remount(layout.BASE, read_only=True))


def keep(path):
    """The line that has a path survive a reset."""
    return "keep=" + for_shell(path)


def check_free(state):
    """Refuse to take the place of a request that somebody else made."""
    found = of(state)
    if found:
        raise OverlayrootError(
            "the next boot", f"is asked for {found} already", "Let it be done first, or withdraw it by boot_next with none"
        )


def _folder(state):
    """Where the hook looks for requests: in the store, or on the base of a host that has none."""
    if not conf(state).data:
        return layout.base(state, ON_BASE)
    if mountinfo.at(state.mounts, layout.DATA) is None:
        raise OverlayrootError(
            "the data file system",
            "is not mounted, since this host runs without its union",
            "Boot it into the union first",
        )
    return store.BOOT
