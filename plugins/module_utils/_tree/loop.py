# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loop devices: files as block devices. Source: linux/loop.h."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import struct
import time

from .._core.errors import OverlayrootError

_SET_FD = 0x4C00
_SET_STATUS = 0x4C04
_GET_STATUS = 0x4C05
_GET_FREE = 0x4C82
_AUTOCLEAR = 4

# struct loop_info64: device, inode, ..., flags, names, key, ...
_INFO = struct.Struct("=5Q4I64s64s32s2Q")
_BLOCKS = "/sys/block"

_LOOKS = 50
_PAUSE = 0.1


@contextlib.contextmanager
def attached(file):
    """A descriptor and the path of a block device that is the file. Its last user's end frees it."""
    device, path = _taken(file)
    try:
        yield device, path
    finally:
        os.close(device)


def users(status):
    """The paths of the devices that are the file of that status.

    A device that nobody uses any more stays for as long as somebody else looks at it, as is done here: that
    is waited for.
    """
    for _look in range(_LOOKS):
        found = sorted(_users(status))
        if not found:
            break
        time.sleep(_PAUSE)
    return found


def _users(status):
    for name in os.listdir(_BLOCKS):
        if os.path.exists(f"{_BLOCKS}/{name}/loop/backing_file"):
            with contextlib.suppress(OSError):
                if _file(f"/dev/{name}") == (status.st_dev, status.st_ino):
                    yield f"/dev/{name}"


def _taken(file):
    try:
        control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise OverlayrootError(
            "/dev/loop-control", f"cannot be opened: {error.strerror}", "Load the module loop, which images need"
        ) from error
    try:
        while True:
            path = f"/dev/loop{fcntl.ioctl(control, _GET_FREE)}"
            device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            if _is_given(device, file):
                return device, path
            os.close(device)
    finally:
        os.close(control)


def _is_given(device, file):
    """False where another process took the device meanwhile."""
    try:
        fcntl.ioctl(device, _SET_FD, file)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return False
        os.close(device)
        raise
    fcntl.ioctl(device, _SET_STATUS, _INFO.pack(*[0] * 8, _AUTOCLEAR, b"", b"", b"", 0, 0))
    return True


def _file(path):
    device = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        info = bytearray(_INFO.size)
        fcntl.ioctl(device, _GET_STATUS, info)
    finally:
        os.close(device)
    return _INFO.unpack(info)[:2]
