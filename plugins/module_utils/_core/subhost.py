# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subhost is to be: the variables of overlay-boot 1.6 with their defaults, and some more.

overlay-boot passes over variables that it does not know, so one file serves both.
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from . import assignments, cables, store
from .errors import OverlayrootError
from .union import VOLATILE_MARKER, Union

# In the order in which overlay-boot gives them values: a value can use those before it.
VARIABLES = ("NAME", "LOG", "BASE", "CABLES", "LIVE", "UPPER", "WORK", "LOWER", "START", "PREMOUNT", "POSTMOUNT", "INIT", "RAM_SIZE")
# Those that overlay-boot does not know.
MORE = ("STORE", "ADDRESSES", "GATEWAY", "MEMORY", "PROCESSES", "CPU", "NO_NEW_PRIVS")
_REPEATED = ("SHARE",)

_DEFAULTS = {
    "LOG": "/tmp/oly-$NAME.log",
    "LIVE": "$BASE/live",
    "UPPER": "$BASE/root",
    "WORK": "$BASE/work",
    "LOWER": "/",
    "START": "networking ssh",
    "RAM_SIZE": "50M",
}
_PATHS = ("LIVE", "UPPER", "WORK", "LOWER", "STORE")

_CHECKS = {
    # Printable ASCII, and what the names of interfaces and files can hold.
    "NAME": (r"(?!\.{1,2}\Z)[!-~]{1,12}", "one to twelve printable ASCII characters"),
    "RAM_SIZE": (r"none|[0-9]+[kKmMgG%]?", "none or the size of a tmpfs, such as 50M"),
    "MEMORY": (r"|[0-9]+[kKmMgG]?", "bytes, such as 512M"),
    "PROCESSES": (r"|[1-9][0-9]*", "a number"),
    "CPU": (r"|[1-9][0-9]*%", "a share of one processor, such as 50% or 200%"),
    "NO_NEW_PRIVS": (r"|yes|no", "yes or no"),
}
_UNFIT_FOR_NAMES = set("/:%'\"\\$`")


class Subhost(NamedTuple):
    config: str  # the file
    name: str
    base: str
    live: str
    lower: str
    upper: str
    work: str
    log: str
    start: tuple  # services, and paths of scripts
    ram_size: str
    cables: tuple
    premount: tuple  # words of a command; empty: none
    postmount: tuple
    init: tuple
    shares: tuple  # (path on the host, path in the subhost)
    addresses: tuple  # one of each cable, "" for none
    gateway: str
    memory: str
    processes: str
    cpu: str
    no_new_privs: bool
    store: str  # of its saved sessions; "" for none

    @property
    def kind(self):
        """What its root is: a tree that is there, one that is bound, or a union."""
        if self.live == self.lower:
            return "premounted"
        return "bound" if self.upper == self.lower else "union"

    @property
    def paths(self):
        """What is to be looked at before it can be started."""
        work = Union("", (), self.upper, self.work).work_folders()
        network = [self.upper + below for below in ("", "/etc", "/etc/network", "/etc/network/interfaces")]
        folders = (self.live, self.base, self.lower, self.work, *work, f"{self.work}/{VOLATILE_MARKER}")
        stores = store.folders_of(self.store) if self.store else ()
        return (*folders, *network, *stores, *(host for host, _inside in self.shares))

    @property
    def limits(self):
        return {name: getattr(self, name) for name in ("memory", "processes", "cpu") if getattr(self, name)}

    def show(self):
        return {
            **self._asdict(),
            "kind": self.kind,
            "start": list(self.start),
            "cables": [cable.show() for cable in self.cables],
            "shares": [":".join(share) for share in self.shares],
            **{name: list(getattr(self, name)) for name in ("premount", "postmount", "init", "addresses")},
        }


def text(settings):
    """The file that gives variables these values; without BASE they are about the folder that it is in.

    A value may be a list: of words, and for SHARE of values.
    """
    lines = ["# Written from the settings of a module: what is changed here is lost."]
    for name, value in sorted({"BASE": ".", **settings}.items()):
        if name not in (*VARIABLES, *MORE, *_REPEATED):
            known = ", ".join(sorted((*VARIABLES, *MORE, *_REPEATED)))
            raise OverlayrootError(f"settings, {name}", "is no variable of a subhost", f"Use some of {known}")
        words = list(map(_word, value if isinstance(value, list) else [value]))
        lines += [f"{name}={one}" for one in (words if name in _REPEATED else [" ".join(words)])]
        if "\n" in "".join(words):
            raise OverlayrootError(f"settings, {name}", "has a line feed in it", "Take it out")
    return "\n".join(lines) + "\n"


def _word(value):
    """YAML takes yes and no for truth values."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def parse(text, path, output):
    """The Subhost that the file at `path` describes.

    `output(variable, words, folder)` gives what a command prints whose output is the value of a variable; it may refuse to.
    """
    found = assignments.parse(text, path, _REPEATED)
    if "BASE" not in found:
        raise OverlayrootError(f"{path}, BASE", _why_missing(text), "Name the folder of the subhost: BASE=.")
    values = {}
    for name in (*VARIABLES, *MORE):
        values[name] = _value(name, found.get(name), values, path, output)
        if name == "BASE":
            values[name] = _joined(posixpath.dirname(path), values[name])
        if name in _PATHS and values[name]:
            values[name] = _joined(values["BASE"], values[name])
        _check(path, name, values[name])
    return _subhost(path, values, [_share(share, values) for share in found["SHARE"]])


def _why_missing(text):
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"\s*BASE\s*=", line):
            return f"has no value: line {number} has blanks before its name, before =, or nothing after it"
    return "is missing"


def _value(name, assignment, values, path, output):
    if assignment is None:
        default = {"NAME": re.sub(r"\.conf\Z", "", posixpath.basename(path))}.get(name, _DEFAULTS.get(name, ""))
        return re.sub(r"\$(\w+)", lambda match: values[match.group(1)], default)
    if assignment.command is None:
        return assignment.value(values)
    if not assignment.command:
        raise assignment.fault("there is no command after !", "Name one")
    return _output(assignment, values, path, output)


def _output(assignment, values, path, output):
    folder = values.get("BASE", posixpath.dirname(path))
    printed = output(assignment, folder).split("\n")[0].strip()
    if not printed:
        raise assignment.fault(f"{' '.join(assignment.command)} printed nothing", "Let it print the value")
    return printed


def _joined(folder, path):
    """As realpath, but for links, which are seen to later."""
    return posixpath.normpath("/" + posixpath.join(folder, path).lstrip("/"))


def _check(path, name, value):
    pattern, meaning = _CHECKS.get(name, (".*", ""))
    if not re.fullmatch(pattern, value, re.DOTALL) or (name == "NAME" and (_UNFIT_FOR_NAMES & set(value) or value[0] == "-")):
        raise OverlayrootError(f"{path}, {name}", f"{value!r} is not {meaning}", "Correct it")
    if "\0" in value:
        raise OverlayrootError(f"{path}, {name}", "holds a zero byte", "Take it out")


def _share(assignment, values):
    host, _colon, inside = assignment.value(values).partition(":")
    inside = inside or host
    if not host or not inside.startswith("/") or ".." in inside.split("/") or inside.strip("/") == "":
        raise assignment.fault(f"{assignment.text!r} is no path in the subhost", "Write hostdir:subhostdir, the second one whole")
    return _joined(values["BASE"], host), posixpath.normpath(inside)


def _subhost(path, values, shares):
    words = {name: tuple(values[name].split()) for name in ("START", "PREMOUNT", "POSTMOUNT", "INIT", "ADDRESSES")}
    found = Subhost(
        config=path,
        name=values["NAME"],
        base=values["BASE"],
        live=values["LIVE"],
        lower=values["LOWER"],
        upper=values["UPPER"],
        work=values["WORK"],
        log=_joined(values["BASE"], values["LOG"]),
        start=() if words["START"] == ("none",) else words["START"],
        ram_size=values["RAM_SIZE"],
        cables=cables.parse(values["CABLES"], values["NAME"]),
        premount=words["PREMOUNT"],
        postmount=words["POSTMOUNT"],
        init=words["INIT"],
        shares=tuple(share for share in shares if share[0] != values["LOWER"]),
        addresses=tuple("" if word == "-" else word for word in words["ADDRESSES"]),
        gateway=values["GATEWAY"],
        memory=values["MEMORY"],
        processes=values["PROCESSES"],
        cpu=values["CPU"],
        no_new_privs=values["NO_NEW_PRIVS"] == "yes",
        store=values["STORE"],
    )
    _check_tree(found)
    _check_addresses(found)
    return found


def _check_tree(found):
    if found.live == "/":
        raise OverlayrootError(f"{found.config}, LIVE", "is the root of the host", "Name a folder for the subhost")
    if found.kind == "union" and found.live == found.upper:
        raise OverlayrootError(f"{found.config}, LIVE", "is the upper as well", "Name a folder of its own")
    if found.kind != "union" and found.store:
        raise OverlayrootError(f"{found.config}, STORE", "is for what a union has in its upper", "Leave it out, or name an UPPER")


def _check_addresses(found):
    if len(found.addresses) > len(found.cables):
        raise OverlayrootError(f"{found.config}, ADDRESSES", "there are more than CABLES", "Give one for each cable, - for none")
    for text in (*found.addresses, found.gateway):
        if not re.fullmatch(r"[0-9a-fA-F.:]*(/[0-9]{1,3})?", text):
            raise OverlayrootError(f"{found.config}, ADDRESSES", f"{text!r} is no address", "Write it as 192.0.2.2/24")
    for text in found.addresses:
        if text and "/" not in text:
            raise OverlayrootError(f"{found.config}, ADDRESSES", f"{text} does not say its network", "Write it as 192.0.2.2/24")
