# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What survives a reset, and the folders on the way to it, as they are in the old upper."""

from __future__ import annotations

import contextlib
import os

from .._host import files
from . import metadata, raw, removal
from .holding import below, ways


def prepare(above, name, uppers):
    """Make the folder `name`, or make it anew, in the descriptor `above`.

    `uppers` is (path, Folder, paths) of each upper: where its copy is to be, and what is kept of it. The
    copy has nothing but the folders that lead there.
    """
    removal.remove(above, name)
    os.mkdir(name, 0o700, dir_fd=above)
    for path, folder, kept in uppers:
        with _made(above, [name, *path.split("/")]) as copy:
            _copy(folder, copy, ways(kept), lambda *_name: None)


def move(folder, new, paths):
    """From the Folder of the old upper to the descriptor of the new one. What is not there is left out."""
    _copy(folder, new, ways(paths), lambda name, copy, source: _rename(name, source.fd, copy))


def move_back(new, old, paths):
    """All that was moved from one descriptor to the other."""
    for *way, name in ways(paths):
        with _made(new, way) as source:
            if name in os.listdir(source):
                with _made(old, way) as target:
                    _rename(name, source, target)


@contextlib.contextmanager
def _made(above, way):
    """A descriptor of the folder at the end of a way, made as far as it is not there."""
    with contextlib.ExitStack() as stack:
        for part in way:
            with contextlib.suppress(FileExistsError):
                os.mkdir(part, 0o700, dir_fd=above)
            above = os.open(part, files.FOLDER, dir_fd=above)
            stack.callback(os.close, above)
        yield above


def _copy(folder, copy, known, take):
    """Each way is as long as what somebody has typed; `take(name, copy, folder)` is for its end."""
    for name in sorted({way[0] for way in known}):
        rest = below(name, known)
        if () in rest:
            take(name, copy, folder)
            continue
        with contextlib.closing(folder.enter(name)) as inner, _made(copy, [name]) as made:
            _copy(inner, made, rest, take)
    metadata.give(copy, folder.status, raw.values(folder, folder.fd, folder.attributes))


def _rename(name, source, target):
    """As if it had never been elsewhere: folders do not show it by their times."""
    times = [(folder, os.fstat(folder)) for folder in (source, target)]
    with contextlib.suppress(FileNotFoundError):
        os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
    for folder, status in times:
        os.utime(folder, ns=(status.st_atime_ns, status.st_mtime_ns))
