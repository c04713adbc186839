# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result of union_info says about the root of a host."""

from __future__ import annotations


def protected(info):
    """One word or two: yes, no, not provisioned, unreachable, or unknown where the module failed."""
    if info.get("unreachable"):
        return "unreachable"
    if "root" not in info:
        return "unknown"
    if info["root"] is None:
        return "not provisioned"
    return "yes" if info["root"]["protected"] else "no"


def reason(info):
    """Why the host is not protected, on one line; empty where it is, or never was meant to be."""
    said = (info.get("root") or {}).get("reason") or info.get("msg") or ""
    return " ".join(said.split()).rstrip(".")


def lacking(info):
    """What the initramfs of each kernel lacks, without the kernels that lack nothing."""
    return {image["kernel"]: image["lacking"] for image in info.get("initramfs", ()) if image["lacking"]}
