# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of unions, open."""

from __future__ import annotations

import contextlib

from .._core.comparison import Part, common_end
from .._core.errors import OverlayrootError
from .._host import files
from .formats import FORMATS

_CAP_SYS_ADMIN = 21


@contextlib.contextmanager
def opened(paths, format):
    """The root folders of layers, the topmost first; `paths` are link-free."""
    if format == "overlay" and not _may_read_trusted():
        raise OverlayrootError("this process", "cannot read trusted attributes, which say what is hidden", "Become root")
    with contextlib.ExitStack() as stack:
        yield tuple(stack.enter_context(_opened(path, number, FORMATS[format])) for number, path in enumerate(paths))


@contextlib.contextmanager
def compared(parts, format):
    """The parts of a comparison, with the root folders of their layers."""
    with contextlib.ExitStack() as stack:
        yield tuple(stack.enter_context(_part(part, format)) for part in parts)


@contextlib.contextmanager
def _part(part, format):
    """A layer that both trees end with is opened once: what they share is found out by that."""
    new, old = (_there(layers) if part.path != "/" else layers for layers in (part.new, part.old))
    mine = len(new) - len(common_end(new, old))
    with opened((*new[:mine], *old), format) as roots:
        yield Part(part.path, (*roots[:mine], *roots[len(roots) - len(new) + mine :]), roots[mine:])


def _there(layers):
    """Those that hold something of another file system than the root."""
    return tuple(path for path in layers if _is_folder(path))


def _is_folder(path):
    try:
        with files.folder(path):
            return True
    except (FileNotFoundError, NotADirectoryError):
        return False


@contextlib.contextmanager
def _opened(path, number, kind):
    try:
        with files.folder(path) as above:
            folder = kind(above, number).enter(".")
    except OSError as error:
        raise OverlayrootError(f"layer {path}", f"cannot be opened: {error.strerror}", "Name a folder") from error
    folder.parent = None
    try:
        yield folder
    finally:
        folder.close()


def _may_read_trusted():
    """Without CAP_SYS_ADMIN the kernel says that there are none."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as status:
        effective = next(line.split()[1] for line in status if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> _CAP_SYS_ADMIN & 1)
