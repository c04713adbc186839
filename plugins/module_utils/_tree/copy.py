# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The upper of a union, copied to become a layer: all of it, or nothing."""

from __future__ import annotations

import contextlib
import errno
import os
from functools import partial
from typing import NamedTuple

from .._core.errors import OverlayrootError
from .._host import files
from .._host.cures import cure
from . import raw, removal
from .descent import Descent, Level
from .entries import Entries, failed, version_of
from .folder import Folder
from .helper import Helper
from .progress import Progress
from .stage import aside, early_sync, made, sync

# What lies in the folder that is made aside: the new layer, and the inodes with several names.
_LAYER = "layer"
_LINKS = "links"
# A folder was replaced after its name was read.
_GONE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
# So many characters of the way to a folder are sent to the second process.
_WAY = 1000


class Totals(NamedTuple):
    files: int
    bytes: int
    changed: tuple  # paths that were written to while they were copied, once more after a retry


_NONE = Totals(0, 0, ())


def save(parts, above, name, tell=None, dropped=(), fold=None, convert=None):
    """Make the layer `name` in the folder `above` of the store, from the root folders of uppers.

    `parts` is (path in the layer, Folder, Below or None) of each, that of the root first. `convert(layer, links, dropped)`
    makes that one of an upper in another format, and `fold(layer, entries)` may add to what they became. The layer lies
    aside until all of it is on the disk. The extended attributes that are `dropped` are not in it. `tell(files, bytes)` is
    called now and then; how far it is can be read beside it, too.
    """
    try:
        if name in os.listdir(above):
            raise OverlayrootError(f"layer {name}", "is there already", "Choose another name")
        with aside(above, f".{name}.new") as stage:
            with early_sync(stage), contextlib.closing(Progress(stage, _used(parts))) as progress:
                totals = _filled(parts, stage, partial(_tell, progress, tell), dropped, fold, convert)
            sync(stage)
            os.rename(_LAYER, name, src_dir_fd=stage, dst_dir_fd=above)
            os.fsync(above)
    except OSError as error:
        raise OverlayrootError(
            f"layer {name}", f"cannot be written: {error.strerror}", cure(error, "See to the file system of the layers")
        ) from error
    return totals


def _filled(parts, stage, tell, dropped, fold, convert):
    links = made(stage, _LINKS)
    totals = _NONE
    try:
        for path, folder, below in parts:
            with contextlib.closing(Folder(_placed(stage, path), 0)) as layer:
                if convert and path == "/":
                    done = Totals(*convert(layer, links, dropped))
                else:
                    done = Copy(folder, layer, Entries(links, below, dropped), tell, totals).run()
            changed = (path.rstrip("/") + name for name in done.changed)
            totals = Totals(done.files, done.bytes, (*totals.changed, *changed))
        if fold:
            with contextlib.closing(type(parts[0][1])(os.open(_LAYER, files.FOLDER, dir_fd=stage), 0)) as layer:
                fold(layer, Entries(links, None, dropped))
    finally:
        os.close(links)
    removal.remove(stage, _LINKS)
    return totals


def _placed(stage, path):
    """A descriptor of a new folder in the layer, whose other folders are as they are to be."""
    *way, name = [_LAYER, *path.strip("/").split("/")] if path != "/" else [_LAYER]
    above = files.descend(stage, way)
    try:
        times = os.fstat(above)
        with contextlib.suppress(FileNotFoundError):
            # A mount point that the session made.
            os.rmdir(name, dir_fd=above)
        placed = made(above, name)
        os.utime(above, ns=(times.st_atime_ns, times.st_mtime_ns))
        return placed
    finally:
        os.close(above)


def _used(parts):
    """What the file systems of the uppers hold, in bytes: in RAM that is little else."""
    found = {folder.status.st_dev: os.fstatvfs(folder.fd) for _path, folder, _below in parts}
    return sum((counts.f_blocks - counts.f_bfree) * counts.f_frsize for counts in found.values())


def _tell(progress, tell, files, size):
    progress.tell("copying", size, files)
    if tell:
        tell(files, size)


class Copy:
    """Goes down the upper and makes the folders. What else is in a folder, and at last its times,
    are copied by a second process, or by this one while that is busy."""

    def __init__(self, folder, layer, entries, tell, before=_NONE):
        self.kind = type(folder)
        self.roots = (folder, layer)
        self.entries = entries
        self.tell = tell
        self.files = before.files
        self.bytes = before.bytes
        self.changed = []

    def run(self):
        with contextlib.closing(Helper(self._over_there)) as helper:
            with contextlib.closing(Descent(self._level(helper, self.roots))) as descent:
                self._descend(helper, descent)
            for done in helper.done(wait=True):
                self._count(*done)
        return Totals(self.files, self.bytes, tuple(sorted(self.changed)))

    def _descend(self, helper, descent):
        while descent.levels:
            level = descent.levels[-1]
            name = next(level.left, "")
            try:
                if name:
                    self._enter(helper, descent, level, name)
                else:
                    descent.leave()
            except OSError as error:
                raise level.within(failed(name, error)) from error

    def _enter(self, helper, descent, level, name):
        with contextlib.ExitStack() as undo:
            folders = self._folders(level, name, undo)
            if folders:
                descent.enter(self._level(helper, folders, level, name))
            undo.pop_all()

    def _folders(self, level, name, undo):
        """The folder of that name in the upper, and in the layer."""
        source, target = level.folders
        try:
            below = source.enter(name)
        except OverlayrootError as error:
            raise level.within(OverlayrootError(name, error.problem, error.cure)) from error
        except OSError as error:
            if error.errno not in _GONE:
                raise
            os.rmdir(name, dir_fd=target.fd)
            self.changed.append(level.path_of(name))
            return None
        undo.callback(below.close)
        copy = target.enter(name)
        undo.callback(copy.close)
        return below, copy

    def _level(self, helper, folders, parent=None, name=""):
        source, target = folders
        # Names that were read while others are made may come twice.
        below = sorted({entry for entry, is_folder, _is_file in raw.entries(source) if is_folder})
        for folder in below:
            os.mkdir(folder, 0o700, dir_fd=target.fd)
        level = Level(folders, below, parent, name)
        for done in helper.done():
            self._count(*done)
        way = level.way(_WAY) if self.entries.below else []
        if helper.is_free() and way is not None:
            helper.send(level, source.fd, target.fd, version_of(source.status), way)
        else:
            self._count(level, *self._here(level))
        return level

    def _here(self, level):
        source, target = level.folders
        try:
            return self.entries.copy(source, target.fd, version_of(source.status), level.way)
        except OverlayrootError as error:
            raise level.within(error) from error

    def _over_there(self, source, target, version, way):
        try:
            with contextlib.closing(self.kind(source, 0)) as folder:
                return self.entries.copy(folder, target, tuple(version), lambda: way)
        finally:
            os.close(target)

    def _count(self, level, files, size, changed):
        self.files += files
        self.bytes += size
        self.changed += map(level.path_of, changed)
        self.tell(self.files, self.bytes)
