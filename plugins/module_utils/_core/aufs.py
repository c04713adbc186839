# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A union of folders, as aufs mounts it.

Sources: aufs(5), and fs/aufs/opts.c, super.c and sysfs.c of aufs 6.1.
"""

from __future__ import annotations

import re

from .errors import OverlayrootError
from .union import Union, check_no_work

# How its own names in a writable branch begin.
OWN = b".wh..wh."

# What a branch is by itself. Without +wh a lower one that holds whiteouts would show what they hide.
WRITABLE = "rw"
READ_ONLY = "ro+wh"

_ATTRIBUTES = ("coo_reg", "coo_all", "unpin", "fhsm", "icex", "icexsec", "icexsys", "icextr", "icexusr", "icexoth")
_OF = {"rw": (*_ATTRIBUTES, "nolwh"), "ro": (*_ATTRIBUTES, "wh"), "rr": (*_ATTRIBUTES, "wh")}

# A value of the option: the kernel shows it by these words; those of a default it leaves out.
_UDBA = ("none", "reval", "notify")
SWITCHES = {"dirperm1": False, "plink": True, "shwh": False, "trunc_xino": False}

# So many branches go into one call of mount(2): with 85 the kernel has crashed.
AT_ONCE = 80
MOST = 127


class Aufs(Union):
    """`lower` and `upper` are its branches, and it has no work folder."""

    __slots__ = ()

    fstype = "aufs"

    format = "aufs"

    @property
    def source(self):
        return "none"

    def checked(self):
        check_no_work(self)
        _check_permissions(self)
        given = {path: _in_order(permission) for path, permission in self.permissions.items()}
        union = self._replace(options=check_options(self.options), permissions={})
        return union._replace(permissions={path: word for path, word in given.items() if word != union.permission(path)})

    def completed(self, kernel):
        return self._replace(options=complete_options(self.options, self.path))

    def permission(self, path):
        return self.permissions.get(path, WRITABLE if path == self.upper else READ_ONLY)

    def listed(self):
        """(path, permission) of each branch, the topmost first."""
        return tuple((path, self.permission(path)) for path in (*filter(None, [self.upper]), *self.lower))

    def mount_options(self):
        """But for the branches, which are given by descriptors: no escape is known for what separates them."""
        return ",".join(_spell(name, value) for name, value in sorted(self.options.items()))

    def fstab_options(self):
        """With the branches, as mount(8) takes them."""
        branches = ":".join(f"{path}={permission}" for path, permission in self.listed())
        return ",".join(filter(None, [f"br:{branches}", self.mount_options()]))

    def shown(self):
        return (("rw", None), ("si", self.path), *_shown(self.options))

    def branches(self):
        return {self.path: self.listed()}


def from_mount(mount, branches):
    """The Aufs that a line of mountinfo shows; `branches` are those of each file system as sysfs has them."""
    shown = dict(mount.super_options)
    found = branches.get(shown.get("si"), ())
    upper = next((path for path, permission in found[:1] if permission.startswith("rw")), None)
    lower = tuple(path for path, _permission in found if path != upper)
    union = Aufs(mount.path, lower, upper, None, _options(shown), "aufs")
    own = {path: permission for path, permission in found if permission != union.permission(path)}
    return union._replace(permissions=own)


def parse_branch(line):
    """(path, permission) of a file br0, br1 and so on in sysfs."""
    path, _equals, permission = line.rstrip("\n").rpartition("=")
    return re.sub(r"\\([0-3][0-7]{2})", lambda match: chr(int(match.group(1), 8)), path), _in_order(permission)


def check_options(options):
    """The options of a user, as they are compared with what is mounted."""
    checked = {}
    for name, value in options.items():
        if name == "udba":
            if value not in _UDBA:
                raise _bad_value(name, value, ", ".join(_UDBA))
        elif name == "xino":
            # YAML takes the word off for a boolean.
            value = "off" if value is False else value
            if value != "off" and not (isinstance(value, str) and value.startswith("/") and "," not in value):
                raise _bad_value(name, value, "off, or an absolute path without commas")
        elif name in SWITCHES:
            if not isinstance(value, bool):
                raise _bad_value(name, value, "true or false")
        else:
            known = ", ".join(sorted(["udba", "xino", *SWITCHES]))
            raise OverlayrootError(f"option {name}", "aufs options do not include it", f"Use some of {known}")
        checked[name] = value
    return checked


def complete_options(options, path):
    """With what is stated for every union.

    Without a place of its own the table of inode numbers would lie on the writable branch, which could not be made
    read-only at shutdown then.
    """
    table = "/run/.aufs" + path.replace("/", "-").replace(",", "-") + ".xino"
    return {"udba": "reval", "xino": table, **options}


def _check_permissions(union):
    """The kernel takes a word that it does not know for ro, without an error."""
    for path, permission in union.permissions.items():
        if path not in (union.upper, *union.lower):
            raise OverlayrootError(f"permissions {path}", "is no branch of the union", "Name the upper or a lower")
        kind, *attributes = str(permission).split("+")
        unknown = [word for word in attributes if word not in _OF.get(kind, ())]
        if kind not in _OF or unknown:
            raise OverlayrootError(
                f"permissions {path}",
                f"{permission} is none that aufs knows" + (f" ({', '.join(unknown)})" if unknown and kind in _OF else ""),
                f"Use one of {', '.join(_OF)}, and attributes behind +: {', '.join((*_ATTRIBUTES, 'wh'))}",
            )
        if (kind == WRITABLE) != (path == union.upper):
            raise OverlayrootError(
                f"permissions {path}", f"{permission} is not for {'the upper' if path == union.upper else 'a lower'}", "The upper has rw, a lower ro or rr"
            )


def _in_order(permission):
    """The order of attributes means nothing."""
    kind, *attributes = permission.split("+")
    return "+".join([kind, *sorted(attributes)])


def _spell(name, value):
    if name in SWITCHES:
        return name if value else f"no{name}"
    return "noxino" if (name, value) == ("xino", "off") else f"{name}={value}"


def _shown(options):
    for name, value in sorted(options.items()):
        if (name, value) != ("udba", "reval") and SWITCHES.get(name) is not value:
            word, equals, rest = _spell(name, value).partition("=")
            yield word, rest if equals else None


def _options(shown):
    options = {name: (name in shown) if not default else f"no{name}" not in shown for name, default in SWITCHES.items()}
    options["udba"] = shown.get("udba", "reval")
    if "noxino" in shown or "xino" in shown:
        options["xino"] = "off" if "noxino" in shown else shown["xino"]
    return options


def _bad_value(name, value, allowed):
    return OverlayrootError(f"option {name}", f"the value {value!r} is not allowed", f"Use {allowed}")
