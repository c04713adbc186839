# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each step's one effect. What is seldom had is imported where it is: a command is started often."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import time

from .._core import steps
from .._core.errors import OverlayrootError
from .._core.unionfs_fuse import PROGRAM
from . import files, libc
from .cures import cure
from .names import encode
from .run import run

_MS_RDONLY = 1
_MS_REMOUNT = 32
_MS_BIND_ALL = 4096 | 16384
_MNT_DETACH = 2
_UMOUNT_NOFOLLOW = 8

# Seconds.
_PATIENCE = 1


def do(step, effect=None):
    """Have the effect of one step, which is looked up here unless given; OverlayrootError where the host refuses."""
    try:
        (effect or EFFECTS[type(step)])(step)
    except OSError as error:
        step_name = step.show()["step"].replace("_", " ")
        raise OverlayrootError(f"{step_name} {_path(step)}", error.strerror, _cure(step, error)) from error


def _make_dir(step):
    files.make_dir(step.path, step.mode, step.uid, step.gid)


def _remove_dir(step):
    files.remove_dir(step.path)


def _write_file(step):
    files.write(step.path, step.content, step.mode)


def _overwrite_file(step):
    files.overwrite(step.path, step.content)


def _remove_file(step):
    files.remove(step.path)


def _set_aside(step):
    files.rename(step.path, step.aside)


def _put_back(step):
    files.rename(step.aside, step.path)


def _copy_up(step):
    """To give a folder the mode that it has is a change to it."""
    with files.folder(step.path) as descriptor:
        os.fchmod(descriptor, stat.S_IMODE(os.fstat(descriptor).st_mode))


def _mount(step):
    {"overlay": _mount_overlay, "aufs": _mount_aufs, "unionfs_fuse": _mount_unionfs_fuse}[step.union.backend](step.union)


def _mount_overlay(union):
    """By mount(2) itself: mount(8) takes a quotation mark in a path for the start of a quotation."""
    flags = _MS_RDONLY if union.upper is None else 0
    absent = [path for path in union.work_folders() if not os.path.lexists(encode(path))]
    options = encode(union.mount_options())
    with files.folder(union.path) as target, _cleared(absent):
        libc.call("mount", b"overlay", b"/proc/self/fd/%d" % target, b"overlay", ctypes.c_ulong(flags), options)


def _mount_aufs(union):
    from . import aufs

    aufs.mount(union)


def _mount_unionfs_fuse(union):
    branches, options = union.program()
    run([PROGRAM, "-o", options, branches, union.path], "unionfs-fuse")


def _change_branches(step):
    from . import aufs

    aufs.change(step.old, step.new)


@contextlib.contextmanager
def _cleared(absent):
    """Where the kernel refuses a mount, it leaves what it has made by then."""
    try:
        yield
    except OSError:
        for path in reversed(absent):
            with contextlib.suppress(OSError):
                files.remove_dir(path)
        raise


def _unmount(step):
    """Who only looks at what is mounted there is soon gone."""
    if step.union.backend == "aufs":
        _flush_links(step)
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return libc.call("umount2", encode(step.union.path), _UMOUNT_NOFOLLOW)
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)


def _renew_filesystem(step):
    from . import filesystem

    noted = filesystem.noted(step.mount, step.folders)
    libc.call("umount2", encode(step.mount.path), _UMOUNT_NOFOLLOW)
    filesystem.make(step.mount, *noted)


def _bind(step):
    with files.folder(step.source) as source, files.folder(step.path) as target:
        places = (b"/proc/self/fd/%d" % place for place in (source, target))
        libc.call("mount", *places, None, ctypes.c_ulong(_MS_BIND_ALL), None)


def _unbind(step):
    libc.call("umount2", encode(step.path), _MNT_DETACH | _UMOUNT_NOFOLLOW)


def _flush_links(step):
    from . import aufs

    aufs.flush(step.union)


def _keep_awake(step):
    from . import server

    server.keep_awake(step.pid)


def _remount(step):
    """The file system itself: where it is mounted twice, both are changed."""
    flags = _MS_REMOUNT | (_MS_RDONLY if step.read_only else 0)
    with files.folder(step.path) as target:
        libc.call("mount", None, b"/proc/self/fd/%d" % target, None, flags, None)


def _add_script(step):
    files.write(step.path, step.content, 0o755)
    name = step.path.rpartition("/")[2]
    run(["update-rc.d", name, "defaults"] if step.init == "sysvinit" else ["rc-update", "add", name, "off"])


def _remove_script(step):
    files.remove(step.path)
    name = step.path.rpartition("/")[2]
    if step.init == "sysvinit":
        run(["update-rc.d", name, "remove"])
        # Or the other links keep the numbers that they were given because of it.
        run(["insserv"])
    else:
        run(["rc-update", "del", name, "off"])


def _build_initramfs(step):
    from . import initramfs

    initramfs.build(step.release)


def _make_initrd(step):
    from . import mkinitrd

    mkinitrd.write(step.recipe)


def _restore_initramfs(step):
    from . import initramfs

    initramfs.restore(step.release)


def _path(step):
    return step.show()["path"]


def _cure(step, error):
    if error.errno == errno.EBUSY and isinstance(step, (steps.Unmount, steps.RenewFilesystem)):
        from . import users

        busy = step.union if isinstance(step, steps.Unmount) else step.mount
        return f"End what uses it: {', '.join(users.users(busy.path)) or 'nothing that /proc shows'}"
    if isinstance(step, (steps.Mount, steps.ChangeBranches)):
        shown = step.show()["backend"].replace("overlay", "overlayfs")
        return f"The kernel's log (dmesg) says why, in lines that begin with {shown}"
    return cure(error, "Look at the path on the host")


EFFECTS = {
    steps.MakeDir: _make_dir,
    steps.RemoveDir: _remove_dir,
    steps.WriteFile: _write_file,
    steps.OverwriteFile: _overwrite_file,
    steps.RemoveFile: _remove_file,
    steps.SetAside: _set_aside,
    steps.PutBack: _put_back,
    steps.CopyUp: _copy_up,
    steps.Mount: _mount,
    steps.Unmount: _unmount,
    steps.RenewFilesystem: _renew_filesystem,
    steps.Bind: _bind,
    steps.Unbind: _unbind,
    steps.ChangeBranches: _change_branches,
    steps.FlushLinks: _flush_links,
    steps.KeepAwake: _keep_awake,
    steps.Remount: _remount,
    steps.AddScript: _add_script,
    steps.RemoveScript: _remove_script,
    steps.BuildInitramfs: _build_initramfs,
    steps.MakeInitrd: _make_initrd,
    steps.RestoreInitramfs: _restore_initramfs,
}
