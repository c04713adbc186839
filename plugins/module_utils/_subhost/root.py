# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tree that a subhost sees. What is mounted in it is mounted once it is the root: no link leads out of it then."""

from __future__ import annotations

import contextlib
import os

from .._core import isolation
from . import kernel

_SAFE = kernel.NOSUID | kernel.NOEXEC | kernel.NODEV


def enter(live, shares, ram_size):
    """Make what is mounted at `live` the root of this mount namespace; `shares` are (path on the host, path inside)."""
    kept = [(kernel.tree(source), os.path.isdir(source), inside) for source, inside in shares]
    kernel.mount(live, live, None, kernel.BIND | kernel.RECURSIVE)
    os.chdir(live)
    kernel.root_here()
    kernel.remount("/", kernel.NODEV)
    for descriptor, is_folder, inside in kept:
        _share(descriptor, is_folder, inside)
    _proc()
    _sys()
    _run(ram_size)
    _dev()
    _mask()


def _share(descriptor, is_folder, inside):
    if is_folder:
        os.makedirs(inside, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(inside), exist_ok=True)
        os.close(os.open(inside, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    kernel.attach(descriptor, inside)
    os.close(descriptor)
    kernel.remount(inside, kernel.NOSUID | kernel.NODEV)


def _proc():
    os.makedirs("/proc", exist_ok=True)
    kernel.mount("proc", "/proc", "proc", _SAFE)
    for name in isolation.READ_ONLY:
        with contextlib.suppress(FileNotFoundError):
            kernel.mount(f"/proc/{name}", f"/proc/{name}", None, kernel.BIND)
            kernel.remount(f"/proc/{name}", kernel.READ_ONLY | _SAFE)


def _sys():
    os.makedirs("/sys", exist_ok=True)
    kernel.mount("sysfs", "/sys", "sysfs", _SAFE | kernel.READ_ONLY)


def _mask():
    for path in (*(f"/proc/{name}" for name in isolation.MASKED), *(f"/sys/{name}" for name in isolation.MASKED_OF_SYS)):
        if os.path.isdir(path):
            kernel.mount("none", path, "tmpfs", _SAFE | kernel.READ_ONLY, "size=0,mode=0555")
        elif os.path.exists(path):
            kernel.mount("/dev/null", path, None, kernel.BIND)


def _run(ram_size):
    os.makedirs("/run", exist_ok=True)
    if ram_size == "none" or os.path.ismount("/run"):
        return
    kernel.mount("tmpfs", "/run", "tmpfs", kernel.NOSUID | kernel.NODEV, f"size={ram_size},mode=0755")
    _make_dir("/run/lock", 0o1777)


def _dev():
    os.makedirs("/dev", exist_ok=True)
    if not os.path.ismount("/dev"):
        kernel.mount("dev", "/dev", "tmpfs", kernel.NOSUID | kernel.NOEXEC, "size=64k,mode=0755")
        for name, mode, major, minor in isolation.DEVICES:
            os.mknod(f"/dev/{name}", 0o020000 | mode, os.makedev(major, minor))
            os.chmod(f"/dev/{name}", mode)
        for name, target in isolation.DEVICE_LINKS.items():
            os.symlink(target, f"/dev/{name}")
        _make_dir("/dev/pts", 0o755)
        kernel.mount("devpts", "/dev/pts", "devpts", kernel.NOSUID | kernel.NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5")
        _make_dir("/dev/shm", 0o1777)
        kernel.mount("shm", "/dev/shm", "tmpfs", kernel.NOSUID | kernel.NODEV | kernel.NOEXEC, "size=50%,mode=1777")


def _make_dir(path, mode):
    os.mkdir(path)
    os.chmod(path, mode)
