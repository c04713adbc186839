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

from .errors import OverlayrootError


class Option(NamedTuple):
    values: dict  # value: the first kernel that knows it
    stated: str = None  # the value that is stated when the user says nothing


# Kernels and distributions differ in the defaults of what decides whether an upper can be moved,
# saved and merged, so that is always stated:
#   index, nfs_export  off: they bind an upper to the inodes of its lower, and a moved upper fails.
#   metacopy           off: an upper file without its data cannot be saved.
#   redirect_dir       on: without it renaming a folder of the lower fails with EXDEV, which breaks
#                      dpkg and libsemanage. Who merges an upper has to resolve the redirects.
#   xino               auto: inode numbers that are unique in the union, where that is possible.
_BOOLEAN = ("off", "on")
OPTIONS = {
    "index": Option(dict.fromkeys(_BOOLEAN, (4, 13)), "off"),
    "metacopy": Option(dict.fromkeys(_BOOLEAN, (4, 19)), "off"),
    "nfs_export": Option(dict.fromkeys(_BOOLEAN, (4, 16)), "off"),
    "redirect_dir": Option({"off": (4, 10), "on": (4, 10), "follow": (4, 15), "nofollow": (4, 15)}, "on"),
    "uuid": Option({"off": (5, 11), "on": (5, 11), "null": (6, 6), "auto": (6, 6)}),
    "verity": Option(dict.fromkeys(("off", "on", "require"), (6, 6))),
    "xino": Option(dict.fromkeys(("off", "auto", "on"), (4, 17)), "auto"),
}
_SHOWN_UNLESS_DEFAULT = ("index", "metacopy", "nfs_export", "verity")
FLAGS = {"userxattr": (5, 11), "volatile": (5, 10)}

# mount(2) takes one page of options, the final zero included.
LONGEST = 4095


class Union(NamedTuple):
    path: str
    lower: tuple  # topmost first
    upper: str = None  # None: read-only
    work: str = None
    options: dict = {}  # {"index": "off", "volatile": True}
    backend: str = "overlay"

    def mount_options(self):
        """The data of mount(2)."""
        return ",".join(key if value is None else f"{key}={value}" for key, value in self.fields())

    def fields(self):
        """The mount options as pairs, escaped as overlayfs unescapes them; None for a flag."""
        layers = [("lowerdir", ":".join(_escape(path, "\\,:") for path in self.lower))]
        if self.upper is not None:
            layers += [("upperdir", _escape(self.upper, "\\,")), ("workdir", _escape(self.work, "\\,"))]
        options = [(name, None if value is True else value) for name, value in sorted(self.options.items())]
        return tuple(layers + options)

    def show(self):
        return {**self._asdict(), "lower": list(self.lower)}


def check_options(options):
    """The options of a user with booleans as overlayfs spells them; flags that are false left out."""
    checked = {}
    for name, value in options.items():
        if name in FLAGS:
            if not isinstance(value, bool):
                raise _bad_value(name, value, "true or false")
            if value:
                checked[name] = True
        elif name in OPTIONS:
            value = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value
            if value not in OPTIONS[name].values:
                raise _bad_value(name, value, ", ".join(OPTIONS[name].values))
            checked[name] = value
        else:
            known = ", ".join(sorted([*OPTIONS, *FLAGS]))
            raise OverlayrootError(f"option {name}", "overlayfs options do not include it", f"Use some of {known}")
    return checked


def complete_options(options, kernel):
    """With what must be stated, as far as the kernel knows it: what it does not know is off.

    `kernel` is the version as a tuple. An option that was asked for must be known.
    """
    for name, value in options.items():
        since = FLAGS[name] if name in FLAGS else OPTIONS[name].values[value]
        if kernel < since:
            raise OverlayrootError(
                f"option {_spell(name, value)}",
                f"needs Linux {_version(since)}, this is {_version(kernel)}",
                "Leave it out or use a newer kernel",
            )
    stated = {
        name: option.stated
        for name, option in OPTIONS.items()
        if option.stated is not None and kernel >= option.values[option.stated]
    }
    if "userxattr" in options:
        stated["redirect_dir"] = "nofollow"
    return {**stated, **options}


def check_combination(union):
    """Refuse, before the kernel does or silently ignores it, what does not go together."""
    options = union.options
    writable = union.upper is not None

    def has(name, *values):
        return options.get(name) in values

    rules = [
        (has("volatile", True) and not writable, "volatile", "an upper"),
        (has("uuid", "on") and not writable, "uuid=on", "an upper"),
        (has("index", "on") and not writable and not has("nfs_export", "on"), "index=on", "an upper"),
        (has("metacopy", "on") and writable and not has("redirect_dir", "on"), "metacopy=on", "redirect_dir=on"),
        (has("nfs_export", "on") and not has("index", "on"), "nfs_export=on", "index=on"),
        (has("nfs_export", "on") and has("metacopy", "on"), "nfs_export=on", "metacopy=off"),
        (
            has("nfs_export", "on") and not writable and not has("redirect_dir", "nofollow"),
            "nfs_export=on without an upper",
            "redirect_dir=nofollow",
        ),
        (has("userxattr", True) and not has("redirect_dir", "nofollow"), "userxattr", "redirect_dir=nofollow"),
        (has("userxattr", True) and has("metacopy", "on"), "userxattr", "metacopy=off"),
        (has("verity", "on", "require") and not has("metacopy", "on"), "verity", "metacopy=on"),
    ]
    for broken, option, need in rules:
        if broken:
            raise OverlayrootError(f"option {option}", f"needs {need}", "State both or leave it out")


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


def differences(mounted, wanted, parameters):
    """What of `wanted` a mounted union does not have: {name: (mounted, wanted)}.

    Compares the options that `wanted` states and the kernel shows; paths are compared as text.
    """
    differing = {}
    for name in ("backend", "lower", "upper", "work"):
        if getattr(mounted, name) != getattr(wanted, name):
            differing[name] = getattr(mounted, name), getattr(wanted, name)
    for name in sorted({*wanted.options, *(set(FLAGS) & set(mounted.options))}):
        old, new = mounted.options.get(name), wanted.options.get(name)
        if not _agree(name, old, new, wanted.upper is None, parameters):
            differing[name] = old, new
    return differing


def _agree(name, mounted, wanted, read_only, parameters):
    if name == "redirect_dir":
        return _redirect(mounted, read_only, parameters) == _redirect(wanted, read_only, parameters)
    if name == "index" and read_only:
        return True
    if name == "xino":
        return wanted == "auto" or mounted in (None, wanted)
    if name == "uuid":
        return wanted == "auto" or (mounted or "on") == wanted
    return mounted == wanted


def _redirect(value, read_only, parameters):
    """`off` means one of two others, and with nothing to rename `follow` and `on` are the same."""
    if value == "off":
        value = "follow" if parameters.get("redirect_always_follow", True) else "nofollow"
    return "on" if read_only and value == "follow" else value


def _options(shown, parameters):
    options = {name: "on" if parameters.get(name) else "off" for name in _SHOWN_UNLESS_DEFAULT}
    options["redirect_dir"] = _redirect("on" if parameters.get("redirect_dir") else "off", False, parameters)
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


def _spell(name, value):
    return name if value is True else f"{name}={value}"


def _version(kernel):
    return ".".join(map(str, kernel))


def _bad_value(name, value, allowed):
    return OverlayrootError(f"option {name}", f"the value {value!r} is not allowed", f"Use one of {allowed}")
