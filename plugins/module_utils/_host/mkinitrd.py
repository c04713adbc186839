# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An initramfs of busybox and kernel modules, and of unionfs-fuse where the host has it, made by nothing else."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import re
import stat
import zlib

from .._core import cpio, initramfs, initrd
from .._core.errors import OverlayrootError
from .._core.initrd import Made
from .._core.unionfs_fuse import PROGRAM
from .files import aside, checksum
from .names import decode, encode
from .run import run

_INTERPRETER = 3  # the type PT_INTERP of a program header, see elf(5)
_HEADERS = 1 << 12  # bytes that hold all of them


def look(recipe):
    """A Made: what is there, and what write would make."""
    total = hashlib.sha256()
    _pack(total.update, _files(recipe))
    return Made(_release(recipe), _content(recipe.path), total.hexdigest())


def write(recipe):
    """The image into the file of its path, which is the old one or the whole new one."""
    with aside(recipe.path) as new, open(new, "wb") as raw:
        # Without a time, so that the same ingredients make the same image.
        with gzip.GzipFile("", "wb", 6, raw, mtime=0) as stream:
            _pack(stream.write, _files(recipe))
        raw.flush()
        os.fsync(raw.fileno())


def is_static(path):
    """Whether a program needs no libraries: its ELF file asks for no interpreter that loads them."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as stream:
        content = stream.read(_HEADERS)
    is_64, order = content[4:5] == b"\2", "little" if content[5:6] == b"\1" else "big"
    start, size, count = ((32, 8), (54, 2), (56, 2)) if is_64 else ((28, 4), (42, 2), (44, 2))
    table, entry, entries = (int.from_bytes(content[at : at + width], order) for at, width in (start, size, count))
    types = (content[at : at + 4] for at in range(table, table + entry * entries, entry or 1))
    return not any(int.from_bytes(kind, order) == _INTERPRETER for kind in types)


def _content(path):
    """The checksum of what an image unpacks to; None where there is none that was made here."""
    try:
        with gzip.open(path) as stream:
            return checksum(stream)
    except (OSError, EOFError, zlib.error):
        return None


def _release(recipe):
    return recipe.release or os.uname().release


def _files(recipe):
    """One after another, since all together are much for a small host."""
    release = _release(recipe)
    folder = f"{recipe.modules}/{release}"
    if not os.path.exists(folder + "/modules.dep"):
        raise OverlayrootError(folder, "has no modules.dep of this kernel", f"Install the kernel, or run depmod {release}")
    yield from _programs(recipe)
    yield from (*_union(recipe), *_server()) if recipe.has_union else ()
    yield from _modules(folder, f"lib/modules/{release}")


def _pack(write, files):
    """`files` are (name, mode, content); their folders come with them."""
    made = set()
    for name, mode, content in files:
        for end in (at for at, letter in enumerate(name) if letter == "/"):
            if name[:end] not in made:
                made.add(name[:end])
                _put(write, cpio.Member(name[:end], stat.S_IFDIR | 0o755), len(made))
        made.add(name)
        device = (5, 1) if stat.S_ISCHR(mode) else (0, 0)
        _put(write, cpio.Member(name, mode, len(content), device), len(made), content)
    _put(write, cpio.Member(cpio.TRAILER), 0)


def _put(write, member, number, content=b""):
    write(cpio.head(member, number) + content + bytes(cpio.padding(len(content))))


def _programs(recipe):
    content = _read(recipe.busybox)
    if not is_static(recipe.busybox):
        raise OverlayrootError(recipe.busybox, "needs libraries, which this initramfs does not hold", "Install busybox-static")
    return (
        ("dev/console", stat.S_IFCHR | 0o600, b""),
        ("bin/busybox", stat.S_IFREG | 0o755, content),
        ("bin/sh", stat.S_IFLNK | 0o777, b"busybox"),
        ("init", stat.S_IFREG | 0o755, _script(recipe, initramfs.OWN.build)),
    )


def _union(recipe):
    library = _script(recipe, initramfs.LIBRARY)
    return (
        ("scripts/" + initramfs.OWN.in_image, stat.S_IFREG | 0o644, _script(recipe, initramfs.OWN.boot)),
        (initramfs.LIBRARY[1:], stat.S_IFREG | 0o644, library),
        (initramfs.stamp(decode(library)), stat.S_IFREG | 0o644, b""),
    )


def _server():
    """What serves a root of unionfs-fuse, with the libraries that it loads."""
    if os.path.exists(PROGRAM):
        yield "bin/@unionfs", stat.S_IFREG | 0o755, _read(PROGRAM)
        for path in _libraries(PROGRAM):
            yield path[1:], stat.S_IFREG | 0o755, _read(path)


def _libraries(program):
    """Their paths, as ldd tells them; and the one that threads of glibc load when they are ended."""
    found = re.findall(r"(/\S+) \(0x", run(["ldd", program], package="libc-bin"))
    folders = sorted(set(map(os.path.dirname, found)))
    ending = (f"{folder}/libgcc_s.so.1" for folder in folders)
    return sorted({*found, *filter(os.path.exists, ending)})


def _script(recipe, path):
    return _read(f"{recipe.scripts}/{os.path.basename(path)}")


def _modules(folder, inside):
    dependencies = initrd.parse(decode(_read(folder + "/modules.dep")))
    paths = initrd.chosen(dependencies)
    yield f"{inside}/modules.dep", stat.S_IFREG | 0o644, initrd.index(dependencies, paths).encode("utf-8", "surrogateescape")
    for name in initrd.INDEXES:
        if os.path.exists(f"{folder}/{name}"):
            yield f"{inside}/{name}", stat.S_IFREG | 0o644, _read(f"{folder}/{name}")
    for path in paths:
        yield f"{inside}/{initrd.plain(path)}", stat.S_IFREG | 0o644, _module(f"{folder}/{path}")


def _module(path):
    if path.endswith(".xz"):
        return lzma.decompress(_read(path))
    if path.endswith(".gz"):
        return gzip.decompress(_read(path))
    if path.endswith(".zst"):
        return encode(run(["zstd", "-dcq", path], package="zstd"))
    return _read(path)


def _read(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise OverlayrootError(path, f"cannot be read: {error.strerror}", "Run the playbook provision") from error
