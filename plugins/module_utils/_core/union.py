# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A union of folders, as overlayfs mounts it.

Sources: the kernel's Documentation/filesystems/overlayfs.rst, and fs/overlayfs/params.c for how
options are split, escaped, and shown in mountinfo.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .options import FLAGS, OPTIONS, render_options

# mount(2) takes one page of options, the final zero included.
LONGEST = 4095

# Marks a work folder that a volatile union used; the kernel mounts no union with it again.
VOLATILE_MARKER = "work/incompat/volatile"

_SHOWN_UNLESS_DEFAULT = ("index", "metacopy", "nfs_export", "verity")


class Union(NamedTuple):
    path: str
    lower: tuple  # topmost first
    upper: str = None  # None: read-only
    work: str = None
    options: dict = {}  # {"index": "off", "volatile": True}
    backend: str = "overlay"

    def mount_options(self):
        """The data of mount(2), escaped as overlayfs unescapes it."""
        layers = [f"{role}={path}" for role, path in self._layers()]
        return ",".join(filter(None, [*layers, render_options(self.options)]))

    def shown(self):
        """As Mount.super_options."""
        access = ("ro" if self.upper is None else "rw", None)
        options = [(name, None if value is True else value) for name, value in self.options.items()]
        return (access, *self._layers(), *options)

    def _layers(self):
        yield "lowerdir", ":".join(_escape(path, "\\,:") for path in self.lower)
        if self.upper is not None:
            yield "upperdir", _escape(self.upper, "\\,")
            yield "workdir", _escape(self.work, "\\,")

    def work_folders(self):
        """What the kernel makes in the work folder and leaves there, outer folders first."""
        if self.work is None:
            return ()
        made = [f"{self.work}/work"]
        if self.options.get("index") == "on":
            made.append(f"{self.work}/index")
        if "volatile" in self.options:
            made += [f"{self.work}/work/incompat", f"{self.work}/{VOLATILE_MARKER}"]
        return tuple(made)

    def show(self):
        return {**self._asdict(), "lower": list(self.lower)}


def from_mount(mount, parameters):
    """The Union that a line of mountinfo shows, or None where it shows something else.

    The kernel leaves out options that have the default of the module, which `parameters`
    (/sys/module/overlay/parameters) give. What it leaves out for another reason is left out here:
    xino where all layers are on one file system, and uuid before it is decided.
    """
    if mount.fstype != "overlay":
        return None
    shown = dict(mount.super_options)
    lower = _split(shown["lowerdir"]) if "lowerdir" in shown else _added(mount.super_options)
    upper, work = shown.get("upperdir"), shown.get("workdir")
    return Union(
        mount.path,
        lower,
        None if upper is None else _unescape(upper),
        None if work is None else _unescape(work),
        _options(shown, parameters),
    )


def redirects(value, read_only, parameters):
    """What a value of redirect_dir comes to: `off` is one of two others, and where nothing can be
    renamed `follow` and `on` are the same."""
    if value == "off":
        value = "follow" if parameters.get("redirect_always_follow", True) else "nofollow"
    return "on" if read_only and value == "follow" else value


def _options(shown, parameters):
    options = {name: "on" if parameters.get(name) else "off" for name in _SHOWN_UNLESS_DEFAULT}
    options["redirect_dir"] = redirects("on" if parameters.get("redirect_dir") else "off", False, parameters)
    options.update((name, shown[name]) for name in OPTIONS if name in shown)
    options.update((name, True) for name in FLAGS if name in shown)
    # Newer kernels show the flag in the words of a newer option.
    if shown.get("fsync") == "volatile":
        options["volatile"] = True
    return options


def _escape(path, special):
    return "".join("\\" + char if char in special else char for char in path)


def _unescape(text):
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _split(text):
    """The paths of lowerdir; an empty one (before a data-only layer) is none."""
    return tuple(_unescape(part) for part in re.findall(r"(?:[^:\\]|\\.)+", text, flags=re.DOTALL))


def _added(pairs):
    """The paths of a mount that was made with fsconfig(2), which does not escape them."""
    return tuple(value for key, value in pairs if key in ("lowerdir+", "datadir+"))
