# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names as bytes and as text.

The locale of the managed host decides nothing: names are UTF-8, and what is not stays as it is
through surrogateescape.
"""

from __future__ import annotations

import os
import sys

_OS_SPEAKS_UTF8 = sys.getfilesystemencoding() == "utf-8"


def encode(text):
    return text.encode("utf-8", "surrogateescape")


def decode(raw):
    return raw.decode("utf-8", "surrogateescape")


def from_os(name):
    """A name as Python's os functions give it, which is where the locale does decide."""
    return name if _OS_SPEAKS_UTF8 else decode(os.fsencode(name))


def for_os(text):
    """The reverse."""
    return text if _OS_SPEAKS_UTF8 else os.fsdecode(encode(text))
