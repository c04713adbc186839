# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sessions do to a tree, as hypothesis draws it."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import struct

from hypothesis import strategies as st

NAMES = st.sampled_from([b"a", b"b", b"c\xff\n", b"\xc3\xa9 x"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map(b"/".join)
CONTENTS = st.sampled_from([b"", b"x", b"y", b"xy\n" * 3])
# For one user, as setfacl(1) makes it: version 2, then tag, permissions and id of each entry.
ACL = struct.pack("<I", 2) + b"".join(
    struct.pack("<HHI", *entry)
    for entry in ((1, 6, 0xFFFFFFFF), (2, 4, 1234), (4, 4, 0xFFFFFFFF), (16, 4, 0xFFFFFFFF), (32, 0, 0xFFFFFFFF))
)


def refuse_special(path):
    """A FIFO would wait for its reader, a device is the machine's."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise OSError("no regular file")


def write(path, content):
    refuse_special(path)
    with open(path, "wb") as stream:
        stream.write(content)


def write_in_secret(path):
    """Another content of the same size, with the time put back."""
    refuse_special(path)
    status = os.lstat(path)
    with open(path, "r+b") as stream:
        first = stream.read(1)
        stream.seek(0)
        stream.write(bytes(255 - byte for byte in first))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def copy_up(path):
    """And leave everything as it was."""
    status = os.lstat(path)
    os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns), follow_symlinks=False)


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)


def renew(path):
    remove(path)
    os.mkdir(path)


def replace(path, other):
    remove(other)
    os.rename(path, other)


ONE_PATH = {
    "mkdir": os.mkdir,
    "write in secret": write_in_secret,
    "copy up": copy_up,
    "remove": remove,
    "renew": renew,
    "sparse": lambda path: os.truncate(path, 1 << 20),
    "chmod": lambda path: os.chmod(path, 0o4711),
    "chown": lambda path: os.chown(path, 12, 34, follow_symlinks=False),
    "time": lambda path: os.utime(path, ns=(1, 123456789), follow_symlinks=False),
    "attribute": lambda path: os.setxattr(path, "user.note", b"\0x", follow_symlinks=False),
    "long attribute": lambda path: os.setxattr(path, "trusted.note", bytes(3000), follow_symlinks=False),
    "no attribute": lambda path: os.removexattr(path, "user.note", follow_symlinks=False),
    "capability": lambda path: os.setxattr(path, "security.capability", struct.pack("<5I", 0x2000001, 1, 0, 0, 0)),
    "acl": lambda path: os.setxattr(path, "system.posix_acl_access", ACL),
    "default acl": lambda path: os.setxattr(path, "system.posix_acl_default", ACL),
    "fifo": os.mkfifo,
    "socket": lambda path: os.mknod(path, 0o600 | stat.S_IFSOCK),
    "device": lambda path: os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3)),
    "disk": lambda path: os.mknod(path, 0o600 | stat.S_IFBLK, os.makedev(7, 3)),
}
TWO_PATHS = {"rename": os.rename, "replace": replace, "link": os.link}

OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(sorted(ONE_PATH)), PATHS),
    st.tuples(st.sampled_from(sorted(TWO_PATHS)), PATHS, PATHS),
    st.tuples(st.just("write"), PATHS, CONTENTS),
    st.tuples(st.just("symlink"), PATHS, CONTENTS),
)
# Renames, and folders that are made anew, are what goes wrong: as many of them as of all others.
SESSIONS = st.lists(
    st.one_of(OPERATIONS, st.tuples(st.sampled_from(["rename", "replace"]), PATHS, PATHS), st.tuples(st.just("renew"), PATHS)),
    max_size=25,
)
BASES = st.lists(
    st.one_of(
        st.tuples(st.just("write"), PATHS, CONTENTS),
        st.tuples(st.just("mkdir"), PATHS),
        OPERATIONS,
    ),
    min_size=5,
    max_size=25,
)


def perform(top, operations):
    """What cannot be done is left out: there is no such path, or a folder is in the way."""
    for name, path, *more in operations:
        path = top + b"/" + path
        with contextlib.suppress(OSError):
            if name in ONE_PATH:
                ONE_PATH[name](path)
            elif name in TWO_PATHS:
                TWO_PATHS[name](path, top + b"/" + more[0])
            elif name == "symlink":
                os.symlink(more[0], path)
            else:
                write(path, more[0])
