# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths that users give."""

from __future__ import annotations

import posixpath

from .errors import OverlayrootError


def clean(path):
    """The path without superfluous slashes and dots; None stays None. Links are not looked at."""
    if path is None:
        return None
    if not path.startswith("/") or ".." in path.split("/") or "\0" in path:
        raise OverlayrootError(f"path {path!r}", "is not an absolute path without ..", "Give the whole path")
    return posixpath.normpath("/" + path.lstrip("/"))


def with_parents(path):
    """A clean path and the folders above it, the topmost first, without the root."""
    parts = path.split("/")
    return tuple("/".join(parts[:end]) for end in range(2, len(parts) + 1))
