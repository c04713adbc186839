# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of an upper's files that lies in the layers below."""

from __future__ import annotations

import contextlib
import errno
import os

from .._core.errors import OverlayrootError
from . import stack
from .layers import opened


class Below:
    """Of the layers at these link-free paths, that of the upper first. They are opened when a file asks for it."""

    def __init__(self, paths, format):
        self.paths = paths
        self.format = format
        self.cleanup = contextlib.ExitStack()
        self.roots = ()

    def open_file(self, way, name, status):
        """A descriptor of the data of the file that had that status, in the folder at the end of a way of names."""
        self.roots = self.roots or self.cleanup.enter_context(opened(self.paths, self.format))
        with stack.reached(self.roots, way) as folders:
            entry = stack.find(folders, name)
            if entry is None or not os.path.samestat(entry.status, status):
                raise FileNotFoundError(errno.ENOENT, "the file is gone")
            data = stack.open_file(entry, folders, self.roots)
        if os.fstat(data).st_size != status.st_size:
            os.close(data)
            raise OverlayrootError(name, "has data of another size in the layer below", "Look at what wrote the upper")
        return data

    def close(self):
        self.cleanup.close()
