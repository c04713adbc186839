# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths as users write and read them.

What Ansible passes around is Unicode, and a path may have bytes that are none. Inside, such a byte
is a lone surrogate (surrogateescape); outside it is written ``\\xNN``, with two lower-case digits from
80 to ff. A backslash stands for itself, except where that would be mistaken for a byte: there it is
``\\x5c``.
"""

from __future__ import annotations

import posixpath
import re

from .errors import OverlayrootError

_BYTE = r"x(?:[89a-f][0-9a-f]|5c)"


def clean(given):
    """The path that a user wrote, without superfluous slashes and dots; None stays None.

    Links are not looked at.
    """
    if given is None:
        return None
    raw = re.sub(r"\\" + _BYTE, lambda match: _char(int(match.group()[2:], 16)), given)
    path = raw.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise OverlayrootError(f"path {given}", "is not an absolute path without ..", "Give the whole path")
    return posixpath.normpath("/" + path.lstrip("/"))


def written(text):
    """The reverse: a path, or a text with paths in it, for a user to read."""
    text = re.sub(r"\\(?=" + _BYTE + ")", r"\\x5c", text)
    return re.sub("[\udc80-\udcff]", lambda match: f"\\x{ord(match.group()) - 0xDC00:02x}", text)


def for_shell(path):
    """With octal escapes, as printf(1) undoes them in %b."""
    return re.sub(r"[^!-\[\]-~]", _octal, path)


def _octal(match):
    return "".join("\\0%03o" % byte for byte in match.group().encode("utf-8", "surrogateescape"))


def with_parents(path):
    """A clean path and the folders above it, the topmost first, without the root."""
    parts = path.split("/")
    return tuple("/".join(parts[:end]) for end in range(2, len(parts) + 1))


def _char(byte):
    return chr(byte) if byte < 0x80 else chr(0xDC00 + byte)
