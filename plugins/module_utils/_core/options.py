# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of overlayfs.

Source: the kernel's Documentation/filesystems/overlayfs.rst and fs/overlayfs/params.c.
"""

from __future__ import annotations

from typing import NamedTuple

from .errors import OverlayrootError


class Option(NamedTuple):
    values: dict  # value: the first kernel that knows it
    stated: str = None  # the value that is stated when the user says nothing


# Kernels and distributions differ in the defaults of what decides whether an upper can be moved,
# saved and merged, so that is always stated:
#   index, nfs_export  off: they bind an upper to the inodes of its lower, and a moved upper fails.
#   metacopy           off: an upper file without its data is none that anything else can read.
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
FLAGS = {"userxattr": (5, 11), "volatile": (5, 10)}

_WRITABLE, _READ_ONLY = True, False
_BOTH = (_WRITABLE, _READ_ONLY)
# An option with one of these values needs another to have a value, in unions with or without upper.
_NEEDS = (
    ("metacopy", ("on",), "redirect_dir", "on", (_WRITABLE,)),
    ("nfs_export", ("on",), "index", "on", _BOTH),
    ("nfs_export", ("on",), "metacopy", "off", _BOTH),
    ("nfs_export", ("on",), "redirect_dir", "nofollow", (_READ_ONLY,)),
    ("userxattr", (True,), "metacopy", "off", _BOTH),
    ("userxattr", (True,), "redirect_dir", "nofollow", _BOTH),
    ("verity", ("on", "require"), "metacopy", "on", _BOTH),
)
_NEEDS_UPPER = (("volatile", True), ("uuid", "on"))


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
            if isinstance(value, bool):
                value = "on" if value else "off"
            if value not in list(OPTIONS[name].values):
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


def known(options, kernel):
    """Those of the options that the kernel knows."""
    return {name: value for name, value in options.items() if kernel >= OPTIONS[name].values[value]}


def check_combination(options, writable):
    """Refuse what the kernel would refuse, or silently ignore. `options` are complete."""
    for name, values, needed, needed_value, scope in _NEEDS:
        if writable in scope and options.get(name) in values and options.get(needed, "off") != needed_value:
            raise OverlayrootError(
                f"option {_spell(name, options[name])}", f"needs {needed}={needed_value}", "State both or leave it out"
            )
    for name, value in _NEEDS_UPPER:
        if not writable and options.get(name) == value:
            raise OverlayrootError(f"option {_spell(name, value)}", "needs an upper", "Leave it out or give an upper")


def render_options(options):
    """As mount(2) takes them."""
    return ",".join(_spell(name, value) for name, value in sorted(options.items()))


def _spell(name, value):
    return name if value is True else f"{name}={value}"


def _version(kernel):
    return ".".join(map(str, kernel))


def _bad_value(name, value, allowed):
    return OverlayrootError(f"option {name}", f"the value {value!r} is not allowed", f"Use one of {allowed}")
