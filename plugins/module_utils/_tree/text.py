# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has changed in the text of a file, as a unified diff."""

from __future__ import annotations

import contextlib
import os
import posixpath
import stat
import subprocess

from .._core.errors import OverlayrootError
from .._core.mountinfo import is_within
from .._host.names import decode, encode, for_os
from . import stack

_LONGEST = 4 << 20


def unified(parts, path, names):
    """The diff of a path from the old tree to the new one: empty where nothing differs, or nothing is there.
    `names` are what these are called."""
    part = max((part for part in parts if is_within(path, part.path)), key=lambda part: len(part.path))
    inside = posixpath.relpath(path, part.path)
    try:
        with _text(part.old, path, inside) as old, _text(part.new, path, inside) as new:
            return _diff(path, names, old, new)
    except OSError as error:
        raise OverlayrootError(path, f"cannot be read: {error.strerror}", "Look at it in the upper and below") from error


@contextlib.contextmanager
def _text(roots, path, inside):
    """A descriptor of what a file holds, or of where a link leads to; None where nothing is."""
    *way, name = for_os(inside).split("/")
    with stack.reached(roots, way) as above:
        entry = stack.find(above, name)
        with contextlib.ExitStack() as cleanup:
            descriptor = entry and _open(path, above, roots, entry)
            if descriptor is not None:
                cleanup.callback(os.close, descriptor)
            yield descriptor


def _open(path, above, roots, entry):
    if entry.kind == stat.S_IFLNK:
        target = os.memfd_create("link", os.MFD_CLOEXEC)
        os.write(target, os.fsencode(os.readlink(entry.name, dir_fd=entry.folder.fd)) + b"\n")
        return target
    if entry.kind != stat.S_IFREG:
        raise OverlayrootError(f"text {path}", "is neither a file nor a link", "Name files")
    if entry.status.st_size > _LONGEST:
        raise OverlayrootError(f"text {path}", f"is longer than {_LONGEST >> 20} MiB", "Compare it on the host")
    return stack.open_file(entry, above, roots)


def _diff(path, names, old, new):
    label = path.replace("\n", "\\n")
    labels = [word for name in names for word in ("-L", f"{label} ({name})")]
    argv = ["diff", "-u", *labels, _name(old), _name(new)]
    done = subprocess.run(
        [encode(word) for word in argv],
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[descriptor for descriptor in (old, new) if descriptor is not None],
        check=False,
    )
    if done.returncode > 1:
        raise OverlayrootError(f"text {path}", f"diff failed: {decode(done.stderr).strip()}", "Compare it on the host")
    return decode(done.stdout)


def _name(descriptor):
    return "/dev/null" if descriptor is None else f"/proc/self/fd/{descriptor}"
