# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command overlayrootctl: one file, an archive of the Python that the modules run, which Python runs.

The same sources give the same bytes, so that a host has the command of this release or another one.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "module_utils"
# What only modules need.
_LEFT_OUT = {SOURCES / "_entry.py"}

# Isolated: neither the folder of whoever calls it nor that user's settings say what is imported. Nor is anything looked for
# beside the standard library.
_INTERPRETER = b"#!/usr/bin/python3 -IS\n"
# Until something is changed, Ctrl-C may end it anywhere, and without a word.
_MAIN = b"""\
import signal
import sys

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from overlayroot._cli import main

sys.exit(main())
"""
_EARLIEST = (1980, 1, 1, 0, 0, 0)


def archive():
    """The bytes of the file."""
    sources = sorted(path for path in SOURCES.rglob("*.py") if path not in _LEFT_OUT)
    folders = sorted({path.parent for path in sources})
    stream = io.BytesIO()
    stream.write(_INTERPRETER)
    with zipfile.ZipFile(stream, "w") as made:
        _add(made, "__main__.py", _MAIN)
        for folder in folders:
            _add(made, f"{_name(folder)}/__init__.py", b"")
        for path in sources:
            _add(made, _name(path), path.read_bytes())
    return stream.getvalue()


def _name(path):
    return str(Path("overlayroot") / path.relative_to(SOURCES))


def _add(made, name, content):
    entry = zipfile.ZipInfo(name, _EARLIEST)
    entry.external_attr = 0o100644 << 16
    entry.create_system = 3
    made.writestr(entry, content, zipfile.ZIP_DEFLATED, 9)
