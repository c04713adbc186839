# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A union of folders, as overlayfs mounts it; those of other backends are subclasses.

Sources: the kernel's Documentation/filesystems/overlayfs.rst, and fs/overlayfs/params.c for how
options are split, escaped, and shown in mountinfo.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import OverlayrootError
from .options import FLAGS, OPTIONS, check_combination, check_options, complete_options, render_options

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
    permissions: dict = {}  # of branches, where they are not what the backend gives by itself: {"/layer": "rr+wh"}

    fstype = "overlay"

    @property
    def source(self):
        """What mount(8) and the kernel's table show for the device."""
        return "overlay"

    def checked(self):
        """As a user has given it, with options as the backend spells them."""
        if (self.upper is None) != (self.work is None):
            raise OverlayrootError(f"path {self.path}", "upper and work go together", "State both or neither")
        if self.permissions:
            raise OverlayrootError("permissions", "are not known to overlayfs", "Leave them out, or choose the backend aufs")
        return self._replace(options=check_options(self.options))

    def completed(self, kernel):
        """With all options that are stated, which were checked; `kernel` is its version as a tuple."""
        union = self._replace(options=complete_options(self.options, kernel))
        check_combination(union.options, union.upper is not None)
        return union

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

    @property
    def format(self):
        """What its upper is written in."""
        return "overlay_userxattr" if "userxattr" in self.options else "overlay"

    @property
    def writables(self):
        """The folders that it writes to."""
        return tuple(path for path in (self.upper, self.work) if path is not None)

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

    def branches(self):
        """Those that backends other than overlayfs show besides the mount: {file system: branches}."""
        return {}

    def show(self):
        return {name: value for name, value in {**self._asdict(), "lower": list(self.lower)}.items() if name != "permissions" or value}


def from_mount(mount, parameters):
    """The Union that the line of mountinfo of an overlay shows.

    The kernel leaves out options that have the default of the module, which `parameters`
    (/sys/module/overlay/parameters) give. What it leaves out for another reason is left out here:
    xino where all layers are on one file system, and uuid before it is decided.
    """
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


def check_no_work(union):
    if union.work is not None:
        raise OverlayrootError(f"work {union.work}", f"is not used by {union.backend}", "Leave it out, or choose the backend overlay")
