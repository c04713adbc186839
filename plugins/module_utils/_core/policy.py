# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Per-mount policies: what becomes of each file system besides the root."""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from . import layout
from .errors import OverlayrootError
from .mountinfo import decode

PATH = layout.CONFIG + "/mounts"
ROOT_ID = "-"

# What cannot be a lower of overlayfs (its names fold case, or it is none of ours to stack on):
# Documentation/filesystems/overlayfs.rst, "Upper and Lower".
NO_LOWER = ("vfat", "msdos", "exfat", "ntfs", "ntfs3", "nfs", "nfs4", "cifs", "swap", "none")

# These follow the root: a kernel that is installed in a session must not outlive its modules.
FOLLOWERS = ("/usr", "/boot")
FIRMWARE = ("/boot/efi", "/efi", "/boot/firmware")

# Without what is there no system comes up.
VITAL = ("/usr", "/etc", "/bin", "/sbin", "/lib")


class Policy(NamedTuple):
    """One line of the mounts file. `path` is plain, not escaped; `mode` is octal text."""

    policy: str
    path: str
    owner: str = "0:0"
    mode: str = "755"
    options: str = ""

    @property
    def id(self):
        """The path as one folder name: every byte but letters, digits, ``.``, ``_`` and ``-`` is =XX.

        Not %XX, which systemd would take for a specifier.
        """
        if self.path == "/":
            return ROOT_ID
        raw = self.path.strip("/").encode("utf-8", "surrogateescape")
        return re.sub(rb"[^A-Za-z0-9._-]", lambda match: b"=%02X" % ord(match.group()), raw).decode()

    @property
    def line(self):
        """The fields policy, id, path, owner, mode and options; the path escaped as in fstab(5)."""
        path = re.sub(r"[ \t\n\\]", lambda match: "\\%03o" % ord(match.group()), self.path)
        return " ".join((self.policy, self.id, path, self.owner, self.mode, self.options or "-")) + "\n"


def parse(text):
    """The Policies of the mounts file."""
    lines = [line.split(" ") for line in text.split("\n") if line]
    return [
        Policy(policy, decode(path), owner, mode, "" if options == "-" else options)
        for policy, _id, path, owner, mode, options in lines
    ]


def choose(asked, entries, has_data):
    """The Policies of a host by path: those asked for, and those that follow the root by themselves.

    `asked` is a list of dicts with a clean ``path``, ``policy`` and optionally ``options``; `entries`
    are fstab's. OverlayrootError for a policy that its file system cannot have.
    """
    mounted = {posixpath.normpath(entry.path): entry for entry in entries}
    policies = {"/": Policy("union", "/")}
    for path in FOLLOWERS + FIRMWARE:
        if path in mounted:
            can_be_base = path in FOLLOWERS and not _unfit_as_base(mounted[path])
            policies[path] = Policy("union" if can_be_base else "ro", path)
    for item in asked:
        policy = Policy(item["policy"], item["path"], options=item.get("options") or "")
        _check(policy, mounted.get(policy.path), has_data)
        policies[policy.path] = policy
    chosen = {path: policy for path, policy in sorted(policies.items()) if policy.policy != "skip"}
    _check_single(chosen, entries)
    return chosen


def _check_single(policies, entries):
    """systemd goes by the first line of a mount point, `mount -a` by each: a policy cannot be true of both."""
    paths = [posixpath.normpath(entry.path) for entry in entries]
    for path, policy in policies.items():
        if path != "/" and paths.count(path) > 1:
            raise OverlayrootError(
                f"policy {policy.policy} for {path}",
                f"fstab has {paths.count(path)} lines for this mount point",
                "Leave one of them, or use skip",
            )


def _check(policy, entry, has_data):
    subject = "policy %s for %s" % (policy.policy, policy.path)
    if policy.path == "/":
        raise OverlayrootError(subject, "the root is always the union", "Leave it out")
    if policy.policy in ("union", "ro") and entry is None:
        raise OverlayrootError(
            subject, "fstab has no file system there", "Correct the path; a folder of the root takes bind or tmpfs"
        )
    if policy.policy == "union" and _unfit_as_base(entry):
        raise OverlayrootError(subject, _unfit_as_base(entry), "Use ro or skip")
    if policy.policy == "union" and re.search(r"[,:\\]", policy.path):
        raise OverlayrootError(
            subject, "the path holds a character that divides mount options", "Mount it elsewhere, or use ro or skip"
        )
    if policy.policy == "tmpfs" and policy.path in VITAL:
        raise OverlayrootError(subject, "no system comes up without what is there", "Use another policy")
    if policy.policy == "bind" and entry is None and not has_data:
        raise OverlayrootError(
            subject, "a kept folder needs a data file system", "Set overlayroot_data, or use tmpfs"
        )
    if policy.options and policy.policy != "tmpfs":
        raise OverlayrootError(subject, "only tmpfs takes options", "Take the options out")
    if re.search(r"\s", policy.options):
        raise OverlayrootError(subject, "the options hold a blank", "Separate options by commas")


def _unfit_as_base(entry):
    """Why a file system cannot be below a union; empty where it can."""
    if entry.fstype in NO_LOWER:
        return "%s cannot be below a union" % entry.fstype
    if "noauto" in entry.options.split(","):
        return "fstab does not mount it at boot (noauto)"
    return ""
