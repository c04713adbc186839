# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree that is seen through layers, made into one image or folder: all of it, or nothing."""

from __future__ import annotations

import contextlib
import os
import stat
from functools import partial

from .._core.commit import ANOTHER, NOTHING, THE_SOURCE, UNKNOWN, Found, Room, Tree
from .._core.errors import OverlayrootError
from .._host import files, interrupts
from .._host.names import encode
from . import image, loop, removal
from .alike import difference
from .apart import apart
from .checksums import checksum
from .image import FORMATS, MADE
from .merged import merged
from .progress import Progress
from .rename import exchange, take_place
from .sizes import measured
from .stage import aside, sync

# What the one that was replaced must make room for on its way.
_OLDER = "older"


def look(step, compare):
    """What there is before a Commit. Nothing is written.

    To `compare` source and target takes as long as reading both; the layers of the store are verified then, too.
    """
    tree, free, holds, size = apart(partial(_told, step, partial(_look, step, compare)))
    *sizes, unfit = tree
    return Found(Tree(*sizes, tuple(map(tuple, unfit))), Room(*free), holds, size)


def commit(step):
    """The image is made aside, flushed, compared with its source, and then takes its place at once."""
    return _told(step, partial(_watched_over, step))


def _watched_over(step):
    """The process that does it may end anywhere: it is this one that leaves nothing of it."""
    with files.parent(step.path) as (above, name):
        try:
            return apart(partial(_told, step, partial(_commit, step, above, name)))
        except OverlayrootError:
            with contextlib.suppress(OSError):
                removal.remove(above, _aside(name))
            raise


def _told(step, work):
    try:
        return work()
    except OSError as error:
        raise OverlayrootError(
            f"target {step.path}", f"cannot be made: {error.strerror}", "See to the file system that it lies on"
        ) from error


def _look(step, compare):
    if compare:
        _verify(step.source)
    with files.parent(step.path) as (above, name), merged(step.source) as (root, _path):
        status = _status(above, name)
        # One that a generation has may be what the host stands on: it is not touched.
        for path in () if step.is_used else (step.path, step.image.old):
            _check_unused(above, path)
        tree = measured(root, FORMATS[step.image.format].keeps)
        free = os.fstatvfs(above)
        return (
            tree,
            (free.f_bavail * free.f_frsize, free.f_favail if free.f_files else None),
            _holds(step, root, above, name) if compare else UNKNOWN,
            _size(status),
        )


def _verify(source):
    """No new base is made of a damaged layer."""
    for name, about in source.saved.items():
        if "sha256" in about and about["sha256"] != checksum(name, about):
            raise OverlayrootError(
                f"layer {name}",
                "is not what was saved: its checksum is another one",
                "Commit a generation without it; overlayrootctl check names all that are damaged",
            )


def _holds(step, root, above, name):
    if _status(above, name) is None:
        return NOTHING
    if image.kind(above, name) != (step.image.format, step.image.compression):
        return ANOTHER
    with contextlib.ExitStack() as stack:
        try:
            copy = stack.enter_context(FORMATS[step.image.format].shown(above, name))
        except OSError:
            return ANOTHER  # it only begins like an image
        return ANOTHER if _difference(step, root, copy) else THE_SOURCE


def _difference(step, root, copy, *tell):
    return difference(root, copy, FORMATS[step.image.format].UNIT, step.dropped, *tell)


def _check_unused(above, path):
    status = _status(above, encode(path.rpartition("/")[2]))
    devices = loop.users(status) if status else ()
    if devices:
        raise OverlayrootError(f"target {path}", f"is in use: it is the device {devices[0]}", "Unmount that, or choose another target")


def _commit(step, above, name):
    with merged(step.source) as (root, path), aside(above, _aside(name)) as stage:
        with contextlib.closing(Progress(stage, step.tree.bytes)) as progress:
            FORMATS[step.image.format].make(root, path, stage, step, partial(progress.tell, "reading"))
            sync(stage)
            _check(step, root, stage, partial(progress.tell, "comparing"))
        size = _size(_status(stage, MADE))
        interrupts.ignored()
        if step.destroys:
            _replace(step, stage, above, name)
        else:
            take_place(MADE, stage, name, above)
        os.fsync(above)
        return size


def _aside(name):
    """Of the folder that a target is made in."""
    return b"." + name + b".new"


def _check(step, root, stage, tell):
    with contextlib.ExitStack() as stack:
        try:
            copy = stack.enter_context(FORMATS[step.image.format].shown(stage, MADE))
        except OSError as error:
            raise OverlayrootError(
                f"target {step.path}",
                f"cannot be mounted to be compared with its source: {error.strerror}",
                "See to the kernel's log (dmesg), and choose what it can mount",
            ) from error
        found = _difference(step, root, copy, tell)
    if found:
        path, what = found
        raise OverlayrootError(path, f"is not the same in what was made of it ({what})", "End what writes to it, and commit again")


def _replace(step, stage, above, name):
    _take_owner(stage, _status(above, name))
    exchange(MADE, stage, name, above)
    os.fsync(above)
    if step.keeps_old:
        old = name + b".old"
        with contextlib.suppress(FileNotFoundError):
            os.rename(old, _OLDER, src_dir_fd=above, dst_dir_fd=stage)
        os.rename(MADE, old, src_dir_fd=stage, dst_dir_fd=above)


def _take_owner(stage, old):
    """Whoever could read the file that is replaced can read the new one."""
    if old and stat.S_ISREG(old.st_mode) and stat.S_ISREG(_status(stage, MADE).st_mode):
        os.chown(MADE, old.st_uid, old.st_gid, dir_fd=stage, follow_symlinks=False)
        os.chmod(MADE, stat.S_IMODE(old.st_mode), dir_fd=stage)


def _size(status):
    """Of a file."""
    return status.st_size if status and stat.S_ISREG(status.st_mode) else None


def _status(above, name):
    try:
        return os.stat(name, dir_fd=above, follow_symlinks=False)
    except FileNotFoundError:
        return None
