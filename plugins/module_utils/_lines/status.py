# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl status` prints of a result of union_info."""

from __future__ import annotations

from .table import percent, size, table

_RECORD = ("reason", "backend", "persistence", "generation")


def is_problem(result):
    """Whether the host asked for protection and does not have it, or will not have it at its next boot."""
    root = result["root"]
    return root is not None and (not root["protected"] or any(image["lacking"] for image in result["initramfs"]))


def lines(result):
    yield from table(_root(result["root"]))
    for image in result["initramfs"]:
        if image["lacking"]:
            yield f"The initramfs of {image['kernel']} lacks {', '.join(image['lacking'])}."
    if result["session"]:
        yield _session(result["session"])
        yield from map(_target, result["session"]["targets"])
    if result["unions"]:
        yield ""
        yield from table([("union", "backend", "used", "files", "upper"), *map(_union, result["unions"])])


def _root(root):
    if root is None:
        return [("protected", "not provisioned")]
    return [
        ("protected", "yes" if root["protected"] else "no"),
        *((name, root[name]) for name in _RECORD if root.get(name)),
    ]


def _session(session):
    began = f"The session that ended {session['began']}"
    if session["result"] == "lost":
        return f"{began} is lost: {session['problem'] or 'its console said why.'}"
    if session["result"] == "begun":
        return f"{began} is lost: the shutdown was cut off while it saved."
    if session["result"] == "discarded":
        return f"{began} was discarded, as was asked for."
    return f"{began} is saved: {session['files']} files, {size(session['bytes'])}, in {session['seconds']} s."


def _target(target):
    if target["result"] == "lost":
        return f"Target {target['name']} is lost: {target['problem'] or 'its console said why.'}"
    if target["result"] == "unchanged":
        return f"Target {target['name']}: nothing was written."
    return f"Target {target['name']} is saved: {target['files']} files, {size(target['bytes'])}."


def _union(union):
    return (union["path"], union["backend"], *_usage(union["usage"]), union["upper"] or "read-only")


def _usage(usage):
    if usage is None:
        return ("", "")
    share = percent(usage["used_bytes"], usage["size_bytes"])
    return (f"{share} of {size(usage['size_bytes'])}", percent(usage["inodes_used"], usage["inodes"]))
