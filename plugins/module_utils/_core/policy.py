# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Per-mount policies: what becomes of each file system besides the root."""

from __future__ import annotations

from typing import Dict, Iterable, NamedTuple, Sequence

from . import fstab
from .errors import OverlayrootError

PATH = "/etc/overlayroot/mounts"
POLICIES = ("union", "bind", "tmpfs", "ro", "skip")
ROOT_ID = "-"

# A file system of one of these types cannot be a lower layer of overlayfs (its names fold case, or
# it revalidates them): Documentation/filesystems/overlayfs.rst, "Upper and Lower".
NO_LOWER = ("vfat", "msdos", "exfat", "nfs", "nfs4", "cifs", "swap")

# These follow the root: a kernel that is installed in a session must not outlive its modules.
FOLLOWERS = ("/usr", "/boot")
FIRMWARE = ("/boot/efi", "/efi", "/boot/firmware")

# fstab(5) escapes; the backslash first.
ESCAPES = (("\\", "\\134"), (" ", "\\040"), ("\t", "\\011"), ("\n", "\\012"))


class Policy(NamedTuple):
    """One line of the mounts file. `path` is plain, not escaped; `mode` is octal text."""

    policy: str
    path: str
    owner: str = "0:0"
    mode: str = "755"
    options: str = ""

    @property
    def id(self) -> str:
        """The path as one folder name: every byte but letters, digits, ``.``, ``_`` and ``-`` is =XX.

        Not %XX, which systemd would take for a specifier.
        """
        if self.path == "/":
            return ROOT_ID
        raw = self.path.strip("/").encode("utf-8", "surrogateescape")
        return "".join(chr(byte) if _is_plain(byte) else "=%02X" % byte for byte in raw)

    def render(self) -> str:
        """Return the line: policy id path owner mode options."""
        fields = (self.policy, self.id, escape(self.path), self.owner, self.mode, self.options or "-")
        return " ".join(fields) + "\n"


def _is_plain(byte: int) -> bool:
    return chr(byte).isascii() and (chr(byte).isalnum() or byte in b"._-")


def escape(path: str) -> str:
    """Return `path` as a field of fstab(5)."""
    for plain, escaped in ESCAPES:
        path = path.replace(plain, escaped)
    return path


def compile_policies(asked: Sequence[Dict], entries: Iterable[fstab.Entry], has_data: bool) -> tuple:
    """Return the Policies of a host: those asked for, and those that follow the root by themselves.

    `asked` is a list of dicts with ``path``, ``policy`` and optionally ``options``; `entries` are
    fstab's. Raises OverlayrootError for a policy that its file system cannot have.
    """
    mounted = {entry.path: entry for entry in entries}
    policies = {"/": Policy("union", "/")}
    for path in FOLLOWERS + FIRMWARE:
        if path in mounted:
            policies[path] = Policy(_follower(path, mounted[path].type), path)
    for item in asked:
        policy = Policy(item["policy"], item["path"], options=item.get("options") or "")
        _check(policy, mounted.get(policy.path), has_data)
        if policy.path == "/":
            raise OverlayrootError("policy for /", "the root is always the union", "leave it out of the mounts")
        policies[policy.path] = policy
    return tuple(policy for path, policy in sorted(policies.items()) if policy.policy != "skip")


def _follower(path: str, fstype: str) -> str:
    return "union" if path in FOLLOWERS and fstype not in NO_LOWER else "ro"


def _check(policy: Policy, entry, has_data: bool) -> None:
    subject = "policy %s for %s" % (policy.policy, policy.path)
    if not policy.path.startswith("/") or "/../" in policy.path + "/":
        raise OverlayrootError(subject, "the path is not absolute", "give the mount point as fstab has it")
    if policy.policy in ("union", "ro") and entry is None:
        raise OverlayrootError(
            subject,
            "fstab has no file system at that path",
            "correct the path, or use bind or tmpfs for a folder of the root",
        )
    if policy.policy == "union":
        _check_union(subject, entry)
    if policy.policy == "bind" and entry is None and not has_data:
        raise OverlayrootError(
            subject, "a kept folder needs a data file system", "set overlayroot_data, or use tmpfs"
        )
    if policy.options and policy.policy != "tmpfs":
        raise OverlayrootError(subject, "only tmpfs takes options", "take options out")


def _check_union(subject: str, entry) -> None:
    if entry.type in NO_LOWER:
        raise OverlayrootError(subject, "%s cannot be below a union" % entry.type, "use ro or skip")
    if "noauto" in entry.options.split(","):
        raise OverlayrootError(
            subject, "fstab does not mount it at boot (noauto)", "use ro or skip, or take noauto out of fstab"
        )
