# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host with a small base in RAM, which the boot library boots in a mount namespace of its own."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import re
import shlex
import stat
import subprocess
import traceback
from pathlib import Path

from overlayroot import _engine
from overlayroot._plan import checksums, exit_root

_PR_SET_CHILD_SUBREAPER = 36

HERE = Path(__file__).resolve().parent
DATA = "/run/initramfs/overlayroot/data"
STORE = DATA + "/overlayroot"
# Of a commit; what it replaces gets the other name.
TARGET = DATA + "/image"
OLDER = TARGET + ".old"
# Its users': what is in them is what a session is about. The second is a file system of its own.
FOLDERS = ("/srv", "/home")

CONF = """\
backend=overlay
persistence={persistence}
data={device}
data_type=ext4
data_options=noatime
on_failure=closed
options=index=off,metacopy=off,nfs_export=off,redirect_dir=on,xino=auto
"""

PREPARE = r"""
set -e
mount --make-rprivate /
mount -t tmpfs run /run
"""

BASE = r"""
mount -t tmpfs -o mode=755 base /mnt
cd /mnt
mkdir -p dev etc/overlayroot home proc run srv/base sys usr/lib/modules usr/sbin
ln -s usr/bin usr/lib usr/lib64 usr/sbin .
ln -s ../lib/systemd/systemd usr/sbin/init
for number in 1 2 3 4; do echo "$number" > "srv/base/$number"; done
touch -d @1 srv/base/* srv/base
echo "$CONF" > etc/overlayroot/boot.conf
echo 'union home /home 0:0 755 -' > etc/overlayroot/mounts
echo 'home /home tmpfs defaults 0 0' > etc/fstab
"""

BOOT = r"""
OVERLAYROOT_CMDLINE=/dev/null
OVERLAYROOT_KMSG=/dev/null
OVERLAYROOT_RELEASE=/dev/null
set +e
. "$LIBRARY"
overlayroot_find_device() { DEV=$1; }
overlayroot_check_device() { e2fsck -p "$1" >/dev/null; [ $? -lt 4 ]; }
overlayroot_boot /mnt && grep -qx protected=yes /run/overlayroot/boot || exit
set -e
mount -o move /run /mnt/run
for folder in dev proc sys usr; do mount --bind "/$folder" "/mnt/$folder"; done
chroot /mnt mount -a -T /run/overlayroot/fstab
"""

# As halt.sh does it, and with the programs, which lie outside of this host's base.
LEAVE = r"""
set -e
for folder in dev proc run sys usr; do mount --bind "/$folder" "/run/initramfs/$folder"; done
cd /run/initramfs
pivot_root . oldroot
cd /run/initramfs/overlayroot
for part in base data rw; do mount --bind "/oldroot$PWD/$part" "$part"; done
# These programs came by it.
umount -l /oldroot
"""

# The store alone, as it lies: nothing has booted from it.
LOOK = r"""
mkdir -p /etc/overlayroot "$DATA"
echo "$CONF" > /etc/overlayroot/boot.conf
mount -t ext4 "$DEVICE" "$DATA"
"""


def booted(device, persistence, work):
    """What `work()` gives, as JSON has it, on a host that was booted from the store on a device."""

    def inside():
        os.chroot("/mnt")
        os.chdir("/")
        return work()

    return _apart(PREPARE + BASE + BOOT, device, persistence, inside)


def looked(device, work):
    """The same where the file system is only mounted."""
    return _apart(PREPARE + LOOK, device, "none", work)


def _apart(script, device, persistence, work):
    """In a process whose mounts are gone when it has ended."""
    ours, theirs = os.pipe()
    process = os.fork()
    if process == 0:
        _serve(script, device, persistence, work, theirs)
    os.close(theirs)
    with open(ours, encoding="utf-8") as stream:
        answer = stream.read()
    os.waitpid(process, 0)
    # Of the image that the host stood on: its mount is gone.
    subprocess.run(["losetup", "--detach-all"], check=True)
    if not answer:
        raise RuntimeError(f"the host on {device} did not come up, or did not do its work")
    return json.loads(answer)


def _serve(script, device, persistence, work, channel):
    try:
        os.unshare(os.CLONE_NEWNS)
        # What goes on in the background is a child, to be waited for.
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        conf = CONF.format(device=device, persistence=persistence)
        env = {**os.environ, "CONF": conf, "DATA": DATA, "DEVICE": device, "LIBRARY": str(HERE / "overlayroot.sh")}
        subprocess.run(["sh", "-c", script], env=env, check=True)
        answer = json.dumps(work())
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        with open(channel, "w", encoding="utf-8") as stream:
            stream.write(answer)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def change(planner, check_mode=False, **params):
    """What a planner of the collection makes of the host, or in check mode would."""
    return _engine.change(planner, _params(planner, params), check_mode)


def commit(planner, **params):
    return _engine.commit(planner, _params(planner, params), check_mode=False)


def note_checksums():
    """As the unit does that the boot library has made."""
    return _engine.note_checksums(checksums, _params(checksums, {}), check_mode=False)


def leave():
    """The host, which goes down, leaves its root for the exit root, from where a session is saved and folded."""
    change(exit_root)
    subprocess.run(["sh", "-c", LEAVE], check=True)


def _params(planner, params):
    return {**{name: argument.get("default") for name, argument in planner.ARGUMENTS.items()}, **params}


def empty_trash():
    """As the unit does that the boot library has made."""
    unit = Path("/run/systemd/system/overlayroot-trash.service").read_text(encoding="ascii")
    (command,) = re.findall("^ExecStart=(.*)$", unit, re.MULTILINE)
    subprocess.run(shlex.split(command), check=True)


def current():
    """The layers of the generation that is to be booted, by nothing but the files of the store."""
    store = Path(STORE)
    try:
        number = (store / "boot/current").read_text().strip()
    except FileNotFoundError:
        return []
    ids = [] if number == "0" else (store / "generations" / number).read_text().split()
    missing = [name for name in ids if not (store / "layers" / name).exists()]
    if missing:
        raise ValueError(f"generation {number} lacks {missing}")
    return ids


def shown():
    """All that the host shows of its users' folders."""
    return {folder + path: facts for folder in FOLDERS for path, facts in tree(folder).items()}


def tree(top):
    """What is in a folder: {path: facts}, None where it is not there. The collection has no part in this."""
    if not os.path.isdir(top):
        return None
    found = {}
    for folder, folders, others in os.walk(top):
        for path in (os.path.join(folder, name) for name in (*folders, *others)):
            found[path[len(top) :]] = _facts(path)
    return found


def _facts(path):
    status = os.lstat(path)
    names = sorted(os.listxattr(path, follow_symlinks=False))
    attributes = [[name, os.getxattr(path, name, follow_symlinks=False).hex()] for name in names]
    facts = [status.st_mode, status.st_uid, status.st_gid, status.st_mtime_ns, attributes]
    if stat.S_ISLNK(status.st_mode):
        return [*facts, os.readlink(path)]
    if stat.S_ISREG(status.st_mode):
        return [*facts, status.st_nlink, hashlib.sha256(Path(path).read_bytes()).hexdigest()]
    return [*facts, status.st_rdev]
