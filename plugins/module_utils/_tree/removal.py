# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree or file of the store, removed."""

from __future__ import annotations

import errno
import itertools
import os

from .._host import files

# So many names are read at once: those of a very large folder would fill the memory.
_NAMES = 1 << 10


def remove(above, name):
    """Nothing else may write there. It may be gone already.

    Folders are moved up until none is in another one, so that the deepest tree needs no more
    descriptors than a flat one, and what a crash leaves is removed in the same way.
    """
    try:
        top = os.open(name, files.FOLDER, dir_fd=above)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        os.unlink(name, dir_fd=above)
        return
    try:
        free = (str(number) for number in itertools.count())
        folders = _empty(top)
        while folders:
            for folder in folders:
                _flatten(top, folder, free)
            folders = os.listdir(top)
    finally:
        os.close(top)
    os.rmdir(name, dir_fd=above)


def _flatten(top, name, free):
    folder = os.open(name, files.FOLDER, dir_fd=top)
    try:
        for inner in _empty(folder):
            _move_up(folder, inner, top, free)
    finally:
        os.close(folder)
    os.rmdir(name, dir_fd=top)


def _empty(folder):
    """Remove what is no folder; the names of those that are."""
    while True:
        folders, others = _read(folder)
        # What is removed while names are read could make other names be left out.
        for name in others:
            os.unlink(name, dir_fd=folder)
        if len(others) < _NAMES:
            return folders


def _read(folder):
    """The names of folders, and some of the others; of all folders where there are no more."""
    folders, others = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            (folders if entry.is_dir(follow_symlinks=False) else others).append(entry.name)
            if len(others) == _NAMES:
                break
    return folders, others


def _move_up(folder, name, top, free):
    """To a name that is free there, or of an empty folder, which it replaces."""
    while True:
        try:
            os.rename(name, next(free), src_dir_fd=folder, dst_dir_fd=top)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                raise
        else:
            return
