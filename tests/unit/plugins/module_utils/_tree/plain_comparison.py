# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two trees compared in the plainest way: by paths, both read whole."""

from __future__ import annotations

import errno
import os
import stat


def read(top):
    """{path: (type, content, attributes by name)}"""
    found = {b"/": _entry(top)}
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            found[path[len(top) :]] = _entry(path)
    return found


def _entry(path):
    status = os.lstat(path)
    attributes = {
        "mode": stat.S_IMODE(status.st_mode),
        "owner": status.st_uid,
        "group": status.st_gid,
        "mtime": status.st_mtime_ns,
    }
    for name in _attribute_names(path):
        attributes[name] = os.getxattr(path, name, follow_symlinks=False)
    return stat.S_IFMT(status.st_mode), _content(path, status), attributes


def _attribute_names(path):
    try:
        return os.listxattr(path, follow_symlinks=False)
    except OSError as error:
        # Of a file system that has none: a squashfs may be one.
        assert error.errno == errno.ENOTSUP
        return []


def _content(path, status):
    if stat.S_ISREG(status.st_mode):
        with open(path, "rb") as stream:
            return stream.read()
    if stat.S_ISLNK(status.st_mode):
        return os.readlink(path)
    return status.st_rdev


def differences(new, old):
    """{path: (kind, attributes that differ)}"""
    found = {}
    for path in {*new, *old}:
        above = new.get(os.path.dirname(path))
        if path not in old:
            found[path] = "added", ()
        elif path not in new:
            if above and above[0] == stat.S_IFDIR:
                found[path] = "deleted", ()
        else:
            change = _change(new[path], old[path])
            if change:
                found[path] = change
    return found


def _change(new, old):
    attributes = tuple(sorted(name for name in {*new[2], *old[2]} if new[2].get(name) != old[2].get(name)))
    if new[0] != old[0]:
        return "type", ()
    if new[0] != stat.S_IFDIR and new[1] != old[1]:
        return "modified", attributes
    return ("attributes", attributes) if attributes else None
