# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has changed in the text of a file, as a unified diff."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess

from .._core.errors import OverlayrootError
from .._host.names import decode, encode, for_os
from . import stack

_LONGEST = 4 << 20


def unified(roots, path):
    """The diff of a path from below to now: empty where nothing differs, or nothing is there."""
    try:
        with _text(roots[1:], roots, path) as old, _text(roots, roots, path) as new:
            return _diff(path, old, new)
    except OSError as error:
        raise OverlayrootError(path, f"cannot be read: {error.strerror}", "Look at it in the upper and below") from error


@contextlib.contextmanager
def _text(layers, roots, path):
    """A descriptor of what a file holds, or of where a link leads to; None where nothing is."""
    above, folders = layers, []
    *way, name = [part for part in for_os(path).split("/") if part] or ["."]
    try:
        for part in way:
            below = stack.enter(above, roots, part)
            stack.close(folders)
            above = folders = below
        entry = stack.find(above, name)
        with contextlib.ExitStack() as cleanup:
            descriptor = entry and _open(path, above, roots, entry)
            if descriptor is not None:
                cleanup.callback(os.close, descriptor)
            yield descriptor
    finally:
        stack.close(folders)


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


def _diff(path, old, new):
    label = path.replace("\n", "\\n")
    argv = ["diff", "-u", "-L", f"{label} (below)", "-L", f"{label} (now)", _name(old), _name(new)]
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
