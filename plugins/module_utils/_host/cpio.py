# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names in an initramfs, whatever made it: archives one after another, each compressed or not."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
import zlib

from .._core import cpio
from .._core.errors import OverlayrootError

_PYTHONS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ", lzma.open), (b"\x5d\x00\x00", lzma.open))
_PROGRAMS = (
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"\x89LZO", "lzop"),
)
_BLOCK = 1 << 20


def names(path):
    """Of all members, as a list."""
    with open(path, "rb") as stream:
        found = []
        while True:
            start = _next(stream)
            if start[:6] not in cpio.MAGICS:
                break
            found.extend(_members(stream, path))
        return found + _compressed(stream, start, path) if start else found


def _next(stream):
    """The first bytes of the next archive; the stream stands before them. None at the end."""
    while True:
        block = stream.read(4)
        if block.strip(b"\0"):
            stream.seek(-len(block), 1)
            start = stream.read(6)
            stream.seek(-len(start), 1)
            return start
        if not block:
            return b""


def _compressed(stream, start, path):
    for magic, opener in _PYTHONS:
        if start.startswith(magic):
            try:
                return _members(opener(stream), path)
            except (EOFError, OSError, zlib.error, lzma.LZMAError):
                raise _damaged(path) from None
    for magic, program in _PROGRAMS:
        if start.startswith(magic):
            return _by_program(program, stream, path)
    raise OverlayrootError(path, "is no initramfs that could be read", "Have it made again")


def _by_program(program, stream, path):
    # What the buffer has read ahead is for the program to read.
    os.lseek(stream.fileno(), stream.tell(), os.SEEK_SET)
    try:
        process = subprocess.Popen([program, "-dc"], stdin=stream, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        raise OverlayrootError(path, f"is compressed with {program}, which this host lacks", f"Install {program}") from None
    with process:
        return _members(process.stdout, path)


def _members(stream, path):
    """The names up to the end of one archive."""
    found = []
    while True:
        header = stream.read(cpio.HEADER_SIZE)
        if header[:6] not in cpio.MAGICS or len(header) < cpio.HEADER_SIZE:
            raise _damaged(path)
        name_size, content_size, length = cpio.parse(header)
        name = stream.read(name_size)[:length].decode("utf-8", "surrogateescape")
        if name == cpio.TRAILER:
            return found
        found.append(name)
        _skip(stream, content_size)


def _damaged(path):
    return OverlayrootError(path, "is cut off or damaged", "Have it made again")


def _skip(stream, size):
    while size > 0:
        block = stream.read(min(size, _BLOCK))
        if not block:
            return
        size -= len(block)
