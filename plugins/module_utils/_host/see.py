# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the host to a State."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import time

from .._core import aufs, mountinfo, times
from .._core.backends import FILESYSTEMS, from_mount
from .._core.state import File, PathInfo, State, Usage
from .._core.unionfs_fuse import PROGRAM
from .names import decode, encode

# Of a file in a folder that is looked at: what is longer is no small state file.
_LONGEST = 1 << 16


def see(sight):
    """What `sight` asks for."""
    mounts = mountinfo.parse(_read("/proc/self/mountinfo"))
    unions = State(mounts=mounts, overlay=_parameters(), aufs=_branches(mounts))
    paths = set(sight.paths)
    if sight.layers:
        paths.update(_layers(unions))
    unreadable = []
    is_seldom = sight.initramfs or sight.programs or sight.initrds or sight.devices or sight.server
    seldom = _seldom(sight, unreadable) if is_seldom else {}
    return unions._replace(
        paths=_look_at(paths),
        files={path: _permitted(path, unreadable, _file, path) for path in sight.files},
        folders={path: _permitted(path, unreadable, _folder, path) for path in sight.folders},
        filesystems=_filesystems(),
        kernel=_kernel(),
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        time=time.strftime(times.FORMAT, time.gmtime()),
        uptime=int(time.clock_gettime(time.CLOCK_BOOTTIME) * 100),
        unreadable=tuple(unreadable),
        **seldom,
    )


def _seldom(sight, unreadable):
    """What few planners ask for. What it needs is imported for those only: a command is started often."""
    from . import devices, initramfs, mkinitrd, server

    images = (_permitted("/boot", unreadable, initramfs.images) or {}) if sight.initramfs else {}
    return {
        "initramfs": images,
        "backends": {release: _backends(release) for release in images},
        "static": frozenset(filter(mkinitrd.is_static, sight.programs)),
        "initrds": {recipe: mkinitrd.look(recipe) for recipe in sight.initrds},
        "devices": {device: devices.fstype(device) for device in sight.devices},
        "awake": server.is_awake(sight.server) if sight.server else None,
    }


def _permitted(path, unreadable, look, *arguments):
    """What is seen at a path, None where only another user may look."""
    try:
        return look(*arguments)
    except PermissionError:
        unreadable.append(path)
        return None


def _layers(state):
    """The paths of the mounted unions that can be looked at: those that are absolute."""
    for mount in state.mounts:
        union = from_mount(mount, state)
        if union is not None:
            given = (union.path, *union.lower, union.upper, union.work)
            yield from (path for path in given if path is not None and path.startswith("/"))


def _look_at(paths):
    seen = {}
    for path in paths:
        info = _path(path)
        seen[path] = seen[info.real] = info
    return seen


def _path(path):
    real = decode(os.path.realpath(encode(path)))
    try:
        status = os.lstat(encode(real))
    except OSError:
        return PathInfo(real)
    kind = {stat.S_IFDIR: "directory", stat.S_IFREG: "file"}.get(stat.S_IFMT(status.st_mode), "other")
    is_empty = kind == "directory" and _is_empty(real)
    return PathInfo(real, kind, stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid, _usage(real), is_empty)


def _is_empty(path):
    """But for what aufs has in each upper from its first mount on."""
    with contextlib.suppress(PermissionError), os.scandir(encode(path)) as entries:
        return all(entry.name.startswith(aufs.OWN) for entry in entries)
    return False


def _usage(path):
    counts = os.statvfs(encode(path))
    unit = counts.f_frsize
    return Usage(
        counts.f_blocks * unit,
        counts.f_bfree * unit,
        counts.f_bavail * unit,
        counts.f_files,
        counts.f_ffree,
    )


def _file(path):
    try:
        with open(encode(path), "rb") as stream:
            return File(decode(stream.read()), stat.S_IMODE(os.fstat(stream.fileno()).st_mode))
    except FileNotFoundError:
        return None


def _folder(path):
    try:
        with os.scandir(encode(path)) as entries:
            return {decode(entry.name): _small_file(entry) for entry in entries}
    except (FileNotFoundError, NotADirectoryError):
        return None


def _small_file(entry):
    if not entry.is_file(follow_symlinks=False) or entry.stat(follow_symlinks=False).st_size > _LONGEST:
        return None
    return _read(decode(entry.path))


def _filesystems():
    """Of the running kernel."""
    known = {line.split("\t")[-1] for line in _read("/proc/filesystems").split("\n") if line}
    return frozenset(known | _loadable(os.uname().release))


def _loadable(release):
    """Of the types that matter here, those that a kernel has built in or as modules."""
    listed = [_file(f"/lib/modules/{release}/{name}") for name in ("modules.dep", "modules.builtin")]
    lines = [line.partition(":")[0] for file in listed if file for line in file.content.split("\n")]
    return {name for name in FILESYSTEMS.values() if any(re.search(rf"/{name}\.ko\b", line) for line in lines)}


def _backends(release):
    """Those that a kernel can be used with."""
    types = _filesystems() if release == os.uname().release else _loadable(release)
    usable = frozenset(name for name, fstype in FILESYSTEMS.items() if fstype in types)
    return usable if os.path.exists(PROGRAM) else usable - {"unionfs_fuse"}


def _parameters():
    folder = _folder("/sys/module/overlay/parameters") or {}
    return {name: content.strip() in ("Y", "1") for name, content in folder.items() if content is not None}


def _branches(mounts):
    """Of each aufs; the kernel has a file for each branch of it."""
    found = {}
    for mount in mounts:
        name = dict(mount.super_options).get("si") if mount.fstype == "aufs" else None
        if name is not None:
            folder = _folder(f"/sys/fs/aufs/si_{name}") or {}
            numbers = sorted(int(file[2:]) for file in folder if re.fullmatch("br[0-9]+", file))
            found[name] = tuple(aufs.parse_branch(folder[f"br{number}"]) for number in numbers)
    return found


def _kernel():
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))


def _read(path):
    with open(encode(path), "rb") as stream:
        return decode(stream.read())
