# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Prints one line for every file of a host: what must be the same before it is provisioned and after.

Runs on the host, as root, with nothing but Python. A line is JSON: path, type, mode, owner, group,
content (a checksum, a link's target, a device's number) and extended attributes. Times are left
out, and so are folders that any running system writes to.
"""

import json
import os
import stat
import sys
import zlib

# What a boot, a login and a run of Ansible change on any host, whatever is installed.
CHANGING = (
    "/var/log", "/var/cache", "/var/tmp", "/var/lib/systemd", "/var/lib/dbus", "/var/lib/private",
    "/dev", "/proc", "/sys", "/run", "/tmp", "/root/.ansible", "/home/ops/.ansible", "/boot/grub/grubenv", "/lost+found",
    "/var/lib/dhcp", "/etc/machine-info", "/home/ops/.cache", "/swapfile",
    "/var/lib/urandom", "/var/lib/seedrng", "/usr/lib/rc/cache", "/etc/adjtime",
)


def main(top):
    """Print the lines of the tree at `top` (empty for /) and of the file systems of /usr and /home in it."""
    parts = (top + "/", top + "/usr", top + "/home")
    devices = {os.lstat(part).st_dev for part in parts if os.path.isdir(part)}
    for path in walk(top, "/", devices):
        print(json.dumps(line(top, path)))


def walk(top, folder, devices):
    """The paths below a folder as the host at `top` names them, sorted, on the given devices."""
    for name in sorted(os.listdir(top + folder)):
        path = os.path.join(folder, name)
        status = os.lstat(top + path)
        if path in CHANGING or status.st_dev not in devices:
            continue
        yield path
        if stat.S_ISDIR(status.st_mode):
            yield from walk(top, path, devices)


def line(top, path):
    """What is kept of one path."""
    status = os.lstat(top + path)
    attributes = os.listxattr(top + path, follow_symlinks=False)
    return [
        path.encode("utf-8", "backslashreplace").decode(),
        oct(status.st_mode), status.st_uid, status.st_gid, content(top + path, status),
        {name: os.getxattr(top + path, name, follow_symlinks=False).hex() for name in sorted(attributes)},
    ]


def content(path, status):
    """What the path holds, as short text."""
    if stat.S_ISREG(status.st_mode):
        return checksum(path)
    if stat.S_ISLNK(status.st_mode):
        return os.readlink(path)
    if stat.S_ISCHR(status.st_mode) or stat.S_ISBLK(status.st_mode):
        return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    return ""


def checksum(path):
    """CRC-32, as text: an emulated processor takes ten times as long for SHA-256, and nobody makes two files alike by it."""
    total = 0
    with open(path, "rb") as stream:
        while chunk := stream.read(1 << 20):
            total = zlib.crc32(chunk, total)
    return f"{total:08x}"


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "")
