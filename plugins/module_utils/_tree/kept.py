# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders on the way to what survives a reset, as they are in the old upper."""

from __future__ import annotations

import contextlib
import os

from .._host import files
from . import metadata, raw, removal


def prepare(above, name, uppers):
    """Make the folder `name`, or make it anew, in the descriptor `above`.

    `uppers` is (path, Folder, paths) of each upper: where its copy is to be, and what is kept of it. The
    copy has nothing but the folders that lead there.
    """
    removal.remove(above, name)
    os.mkdir(name, 0o700, dir_fd=above)
    for path, folder, kept in uppers:
        with _made(above, [name, *path.split("/")]) as copy:
            ways = {tuple(way.strip("/").split("/")[:-1]) for way in kept}
            _copy(folder, copy, ways)


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


def _copy(folder, copy, ways):
    """The way down is as long as what somebody has typed."""
    for name in sorted({way[0] for way in ways if way}):
        with contextlib.closing(folder.enter(name)) as below, _made(copy, [name]) as made:
            _copy(below, made, {way[1:] for way in ways if way[:1] == (name,)})
    metadata.give(copy, folder.status, raw.values(folder, folder.fd, folder.attributes))
