# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import shutil
import stat
import struct
import subprocess
import sys
import time

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.below import Below
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.copy import Copy, save
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import opened
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.manifest import manifest
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.attacks import RACER, nest
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.exact_comparison import exact
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import read
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import call, emptied, mounted, scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import BASES, SESSIONS, perform
from hypothesis import example, given, settings
from hypothesis import strategies as st


# <sys/mount.h>, <linux/ext4.h>
MS_RDONLY = 1
EXT4_IOC_SHUTDOWN = 0x8004587D

WHITEOUTS = 50_000


@pytest.fixture(scope="module", name="place")
def fixture_place():
    with scratch() as folder:
        yield folder


@pytest.fixture(name="case")
def fixture_case(place):
    """Folders upper, layers and secret, the last of which nothing may lead to."""
    with emptied(place + b"/case") as case:
        for name in ("upper", "layers", "secret"):
            os.mkdir(f"{os.fsdecode(case)}/{name}")
        with open(case + b"/secret/treasure", "wb") as stream:
            stream.write(b"gold")
        yield os.fsdecode(case)


def saved(upper, layers, format_="overlay", name="1", tell=None, lower=None, dropped=()):
    above = os.open(layers, os.O_RDONLY)
    try:
        with opened([os.fsdecode(upper)], format_) as (root,), contextlib.ExitStack() as cleanup:
            below = lower and cleanup.enter_context(contextlib.closing(Below([upper, *lower], format_)))
            return save([("/", root, below)], above, name, tell, dropped)
    finally:
        os.close(above)


def checksum(layer, format_="overlay"):
    with opened([os.fsdecode(layer)], format_) as (root,):
        return manifest(root)


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def write(path, content=b"", attributes=()):
    with open(path, "wb") as stream:
        stream.write(content)
    for name, value in dict(attributes).items():
        os.setxattr(path, name, value)


def check(place, base, sessions, options, format_="overlay"):
    """Each session is written over the layers before it, and saved; the union is what it was."""
    with emptied(place + b"/case") as case:
        for name in (b"base", b"merged", b"layers", b"none"):
            os.mkdir(case + b"/" + name)
        perform(case + b"/base", base)
        layers = [case + b"/base"]
        for number, session in enumerate(sessions):
            upper, work = (case + b"/%s%d" % (name, number) for name in (b"upper", b"work"))
            os.mkdir(upper)
            os.mkdir(work)
            with mounted(case + b"/merged", layers, upper, work, options) as merged:
                perform(merged, session)
            with mounted(case + b"/merged", layers, upper, work, options) as merged:
                before = read(merged)
            assert saved(upper, case + b"/layers", format_, str(number)).changed == ()
            layer = case + b"/layers/%d" % number
            assert exact(layer) == exact(upper)
            assert checksum(layer, format_) == checksum(upper, format_)
            layers.insert(0, layer)
            with mounted(case + b"/merged", [*layers, case + b"/none"], options=options) as merged:
                assert read(merged) == before


BOUNDED = settings(derandomize=True, database=None, deadline=None, max_examples=60)
FOLDER = [("mkdir", b"a"), ("write", b"a/b", b"x"), ("mkdir", b"a/a"), ("write", b"a/a/b", b"y"), ("write", b"b", b"xy\n")]


@pytest.mark.parametrize("options", [b"index=off,redirect_dir=on,metacopy=off", b"index=off,redirect_dir=nofollow"])
@given(BASES, st.lists(SESSIONS, min_size=1, max_size=2))
@BOUNDED
@example(FOLDER, [[("rename", b"a", b"c\xff\n")], [("rename", b"c\xff\n/a", b"a"), ("write", b"a/b", b"z")]])
@example(FOLDER, [[("link", b"b", b"a/x"), ("link", b"b", b"a/a/x"), ("sparse", b"b"), ("remove", b"a/b"), ("remove", b"a/a/b")]])
@example(FOLDER, [[("renew", b"a"), ("acl", b"b"), ("default acl", b"a"), ("capability", b"b"), ("time", b"a")]])
@example(FOLDER, [[("mkdir", b"c\xff\n"), ("default acl", b"c\xff\n"), ("mkdir", b"c\xff\n/a"), ("write", b"c\xff\n/b", b"x")]])
def test_a_saved_layer_shows_what_the_upper_showed(place, options, base, sessions):
    check(place, base, sessions, options)


METACOPY = b"index=off,redirect_dir=on,metacopy=on"


def check_metacopy(place, base, sessions):
    """The layers have all their data: what was seen is seen without metacopy, too."""
    with emptied(place + b"/case") as case:
        for name in (b"base", b"merged", b"layers", b"none"):
            os.mkdir(case + b"/" + name)
        perform(case + b"/base", base)
        layers = [case + b"/base"]
        for number, session in enumerate(sessions):
            upper, work = (case + b"/%s%d" % (name, number) for name in (b"upper", b"work"))
            os.mkdir(upper)
            os.mkdir(work)
            with mounted(case + b"/merged", layers, upper, work, METACOPY) as merged:
                perform(merged, session)
            with mounted(case + b"/merged", layers, upper, work, METACOPY) as merged:
                before = read(merged)
            lower = [os.fsdecode(layer) for layer in layers]
            assert saved(os.fsdecode(upper), case + b"/layers", name=str(number), lower=lower).changed == ()
            layers.insert(0, case + b"/layers/%d" % number)
            with mounted(case + b"/merged", [*layers, case + b"/none"], options=b"redirect_dir=on,metacopy=off") as merged:
                assert read(merged) == before


DEEP = b"/".join([b"c\xff\n"] * 200)


@given(BASES, st.lists(SESSIONS, min_size=1, max_size=2))
@BOUNDED
@example(FOLDER, [[("chmod", b"a/b"), ("rename", b"a/b", b"a/a/x"), ("rename", b"a", b"b/x"), ("rename", b"a", b"c\xff\n")]])
@example(FOLDER, [[("chmod", b"b"), ("rename", b"b", b"a/a/x")], [("chown", b"a/a/x"), ("link", b"a/a/x", b"y")]])
@example(FOLDER, [[("capability", b"b"), ("long attribute", b"a/b"), ("rename", b"a", b"x")], [("chmod", b"x/b"), ("chmod", b"b")]])
@example(FOLDER, [[("chmod", b"b"), ("link", b"b", b"a/x"), ("link", b"b", b"a/a/x")]])
def test_data_from_below(place, base, sessions):
    check_metacopy(place, base, sessions)


def test_data_from_far_below(place):
    """Where the way is too long to be sent."""
    way = [DEEP[: 4 * depth - 1] for depth in range(1, 201)]
    base = [*(("mkdir", folder) for folder in way), ("write", DEEP + b"/a", b"x")]
    check_metacopy(place, base, [[("chmod", DEEP + b"/a")]])


@given(BASES, SESSIONS)
@BOUNDED
def test_with_user_attributes(place, base, session):
    check(place, base, [session], b"userxattr", "overlay_userxattr")


def test_what_is_of_one_mount_is_left_out(case):
    os.mkdir(f"{case}/upper/folder")
    for own in ("origin", "impure", "uuid", "nlink", "opaque", "redirect", "protattr", "overlay.origin"):
        os.setxattr(f"{case}/upper/folder", f"trusted.overlay.{own}", b"y")
    saved(f"{case}/upper", f"{case}/layers")
    kept = ["trusted.overlay.opaque", "trusted.overlay.overlay.origin", "trusted.overlay.protattr", "trusted.overlay.redirect"]
    assert sorted(os.listxattr(f"{case}/layers/1/folder")) == kept


def test_aufs(case):
    upper = f"{case}/upper"
    os.makedirs(f"{upper}/.wh..wh.plnk")
    os.makedirs(f"{upper}/.wh..wh.orph/x")
    os.makedirs(f"{upper}/folder")
    write(f"{upper}/.wh..wh.aufs")
    for name in ("folder/.wh..wh..opq", "folder/.wh.gone", ".wh.gone"):
        os.link(f"{upper}/.wh..wh.aufs", f"{upper}/{name}")
    write(f"{upper}/folder/new", b"x", {"trusted.overlay.origin": b"not its own"})
    saved(upper, f"{case}/layers", "aufs")
    found, _pieces, groups = exact(os.fsencode(f"{case}/layers/1"))
    names = {b"/.wh.gone", b"/folder/.wh.gone", b"/folder/.wh..wh..opq"}
    assert set(found) == {b"/", b"/folder", b"/folder/new", *names}
    assert groups == {frozenset(names)}
    assert os.getxattr(f"{case}/layers/1/folder/new", "trusted.overlay.origin") == b"not its own"


def test_from_one_file_system_to_another(case, tmp_path):
    """That of the tests' own files has blocks on a disk."""
    upper = f"{case}/upper"
    for number in range(40):
        os.makedirs(f"{upper}/{number}/inner")
        for size in (0, 1, 4096, 70000):
            write(f"{upper}/{number}/{size}", os.urandom(size))
        os.link(f"{upper}/{number // 2}/1", f"{upper}/{number}/inner/linked")
        os.symlink("nowhere", f"{upper}/{number}/link")
        os.link(f"{upper}/{number}/link", f"{upper}/{number}/inner/link", follow_symlinks=False)
        os.chown(f"{upper}/{number}/1", 12, 34)
        os.chmod(f"{upper}/{number}/1", 0o6755)
    with open(f"{upper}/holes", "wb") as stream:
        for start in (1 << 16, 1 << 20, 3 << 20):
            stream.seek(start)
            stream.write(b"data" * 4096)
        stream.truncate(9 << 20)
    with open(f"{upper}/large", "wb") as stream:
        # Too much for the cache, but for what is not a whole block.
        stream.seek(3 << 20)
        stream.write(os.urandom((9 << 20) + 5))
        stream.truncate(15 << 20)
    told = []
    totals = saved(upper, tmp_path, tell=lambda files, size: told.append((files, size)))
    assert totals.changed == ()
    assert totals.files == 40 * 7 + 2
    assert told == sorted(told)
    assert told[-1] == totals[:2]
    layer = os.fsencode(tmp_path / "1")
    assert exact(layer) == exact(os.fsencode(upper))
    assert checksum(layer) == checksum(upper)
    assert os.listdir(tmp_path) == ["1"]
    saved(layer, f"{case}/layers")
    assert exact(os.fsencode(f"{case}/layers/1")) == exact(layer)


def test_no_process_is_left(case, monkeypatch):
    monkeypatch.setattr("ansible_collections.labs.overlayroot.plugins.module_utils._tree.stage._PAUSE", 0)
    write(f"{case}/upper/file", b"x")
    for tell in (lambda files, size: time.sleep(0.2), lambda files, size: os.stat("/nowhere")):
        with contextlib.suppress(OverlayrootError):
            saved(f"{case}/upper", f"{case}/layers", tell=tell)
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


def test_an_access_list_of_the_store_is_not_inherited(case):
    os.mkdir(f"{case}/upper/folder")
    write(f"{case}/upper/folder/file", b"x")
    perform(os.fsencode(case), [("default acl", b"layers")])
    assert os.listxattr(f"{case}/layers") == ["system.posix_acl_default"]
    saved(f"{case}/upper", f"{case}/layers")
    assert exact(os.fsencode(f"{case}/layers/1")) == exact(os.fsencode(f"{case}/upper"))


def test_what_a_crash_left_is_removed_first(case):
    leftover = f"{case}/layers/.1.new/layer"
    os.makedirs(f"{leftover}/0/1/2")
    os.makedirs(f"{case}/layers/.1.new/1/0")
    write(f"{leftover}/0/1/file")
    os.symlink(f"{case}/secret", f"{leftover}/0/link")
    write(f"{case}/upper/file", b"x")
    saved(f"{case}/upper", f"{case}/layers")
    assert os.listdir(f"{case}/layers") == ["1"]
    assert os.listdir(f"{case}/layers/1") == ["file"]
    assert os.listdir(f"{case}/secret") == ["treasure"]


def test_a_layer_is_never_replaced(case):
    os.mkdir(f"{case}/layers/1")
    with pytest.raises(OverlayrootError, match="^layer 1: is there already"):
        saved(f"{case}/upper", f"{case}/layers")
    assert os.listdir(f"{case}/layers") == ["1"]


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        (b"tmpfs", b"size=256k", "^/folder/large1?[0-9]: cannot be saved: No space left on device"),
        (b"tmpfs", b"nr_inodes=12", "cannot be saved: No space left on device"),
        (b"ramfs", None, "^/folder/large0: cannot be saved: the attribute trusted.note cannot be kept there"),
    ],
)
def test_a_save_that_fails_leaves_nothing(case, kind, options, said):
    os.makedirs(f"{case}/upper/folder/inner")
    for number in range(20):
        write(f"{case}/upper/folder/large{number}", bytes(1 << 16), {} if options or number else {"trusted.note": b"x"})
    before = descriptors()
    call("mount", b"target", os.fsencode(f"{case}/layers"), kind, 0, options)
    try:
        with pytest.raises(OverlayrootError, match=said):
            saved(f"{case}/upper", f"{case}/layers")
        assert os.listdir(f"{case}/layers") == []
    finally:
        call("umount2", os.fsencode(f"{case}/layers"), 0)
    assert descriptors() == before


def test_a_store_that_is_read_only(case):
    call("mount", b"target", os.fsencode(f"{case}/layers"), b"tmpfs", MS_RDONLY, None)
    try:
        with pytest.raises(OverlayrootError, match="^layer 1: cannot be written: Read-only file system. Mount its file system writable"):
            saved(f"{case}/upper", f"{case}/layers")
    finally:
        call("umount2", os.fsencode(f"{case}/layers"), 0)


def test_a_store_whose_device_is_gone(case):
    """As when a disk is pulled: a file system that was shut down fails all that would write to it."""
    image, layers = f"{case}/image", f"{case}/layers"
    write(f"{case}/upper/file", b"x")
    with open(image, "wb") as stream:
        stream.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, layers], check=False).returncode:
        pytest.skip("needs a loop device")
    try:
        above = os.open(layers, os.O_RDONLY)
        fcntl.ioctl(above, EXT4_IOC_SHUTDOWN, struct.pack("I", 2))
        os.close(above)
        with pytest.raises(OverlayrootError, match="^layer 1: cannot be written: Input/output error. The kernel's log"):
            saved(f"{case}/upper", layers)
    finally:
        call("umount2", os.fsencode(layers), 0)


def test_very_many_whiteouts(case):
    for number in range(WHITEOUTS):
        os.mknod(f"{case}/upper/{number:07}", stat.S_IFCHR, 0)
    saved(f"{case}/upper", f"{case}/layers")
    assert {(entry.name, entry.stat(follow_symlinks=False).st_rdev) for entry in os.scandir(f"{case}/layers/1")} == {
        (f"{number:07}", 0) for number in range(WHITEOUTS)
    }


def test_an_error_in_a_folder_leaves_none_open(case, monkeypatch):
    """Wherever the error is met: what stays open would keep the file system of the layers busy."""
    os.makedirs(f"{case}/upper/folder/inner")
    before = descriptors()

    def refuse(self, helper, folders, parent=None, name=""):
        if name:
            raise OverlayrootError(name, "is refused", "")
        return level(self, helper, folders, parent, name)

    level = Copy._level
    monkeypatch.setattr(Copy, "_level", refuse)
    with pytest.raises(OverlayrootError, match="is refused"):
        saved(f"{case}/upper", f"{case}/layers")
    assert descriptors() == before


def test_what_the_target_cannot_hold_is_named_or_left_out(case):
    """It has no extended attributes at all."""
    os.makedirs(f"{case}/upper/folder")
    write(f"{case}/upper/folder/file", b"x")
    perform(os.fsencode(f"{case}/upper"), [("acl", b"folder/file"), ("default acl", b"folder")])
    call("mount", b"target", os.fsencode(f"{case}/layers"), b"ramfs", 0, None)
    try:
        with pytest.raises(OverlayrootError) as caught:
            saved(f"{case}/upper", f"{case}/layers")
        assert str(caught.value) == (
            "/folder/file: cannot be saved: the attribute system.posix_acl_access cannot be kept there: Operation not supported. "
            "Remove it in the upper; access lists can be left out by drop_acls."
        )
        assert os.listdir(f"{case}/layers") == []
        saved(f"{case}/upper", f"{case}/layers", dropped=("system.posix_acl_access", "system.posix_acl_default"))
        for name in ("folder", "folder/file"):
            assert os.stat(f"{case}/layers/1/{name}").st_mode == os.stat(f"{case}/upper/{name}").st_mode
    finally:
        call("umount2", os.fsencode(f"{case}/layers"), 0)


def test_metacopy_is_refused(case):
    os.mkdir(f"{case}/upper/folder")
    write(f"{case}/upper/folder/file", b"x", {"trusted.overlay.metacopy": b""})
    with pytest.raises(OverlayrootError, match="^/folder/file: has its data in a layer below"):
        saved(f"{case}/upper", f"{case}/layers")
    assert os.listdir(f"{case}/layers") == []


def test_a_mark_that_any_user_could_set(case):
    os.makedirs(f"{case}/upper/above/folder")
    try:
        os.setxattr(f"{case}/upper/above/folder", "user.overlay.redirect", b"/secret")
    except OSError:
        pytest.skip("tmpfs has no user attributes here")
    with pytest.raises(OverlayrootError, match="^/above/folder: .* which is not followed"):
        saved(f"{case}/upper", f"{case}/layers", "overlay_userxattr")


@pytest.fixture(name="few_descriptors")
def fixture_few_descriptors():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(200, limits[0]), limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("few_descriptors")
def test_a_very_deep_tree(case):
    before = descriptors()
    deepest = nest(f"{case}/upper", 2500)
    os.mkfifo("fifo", dir_fd=deepest)
    os.close(deepest)
    os.mkdir(f"{case}/upper/z")
    assert saved(f"{case}/upper", f"{case}/layers").files == 1
    assert checksum(f"{case}/layers/1") == checksum(f"{case}/upper")
    deepest = nest(f"{case}/layers/1/z", 2500)
    os.setxattr(deepest, "trusted.overlay.opaque", b"y")
    os.close(deepest)
    with pytest.raises(OverlayrootError, match="layer 1: is there already"):
        saved(f"{case}/layers/1", f"{case}/layers")
    saved(f"{case}/layers/1", f"{case}/layers", name="2")
    assert checksum(f"{case}/layers/2") == checksum(f"{case}/layers/1") != checksum(f"{case}/upper")
    assert descriptors() == before


@pytest.mark.usefixtures("few_descriptors")
def test_a_very_deep_leftover(case):
    os.mkdir(f"{case}/layers/.1.new")
    os.close(nest(f"{case}/layers/.1.new", 2500))
    saved(f"{case}/upper", f"{case}/layers")
    assert os.listdir(f"{case}/layers") == ["1"]


def test_names_of_any_byte(case):
    top = os.fsencode(case) + b"/upper/"
    os.mkdir(top + b"\xff")
    for byte in set(range(1, 256)) - {ord("/")}:
        name = bytes([byte]) * 255
        with open(top + b"\xff/" + name, "wb") as stream:
            stream.write(name)
    saved(f"{case}/upper", f"{case}/layers")
    assert exact(os.fsencode(case) + b"/layers/1") == exact(top[:-1])


def test_a_racing_process_leads_nowhere(case):
    upper = f"{case}/upper"
    os.makedirs(f"{upper}/folder/inner")
    write(f"{upper}/file", b"own")
    os.mkfifo(f"{upper}/special")
    os.symlink("../secret", f"{upper}/folder.bait")
    os.mkfifo(f"{upper}/file.bait")
    os.symlink("../secret/treasure", f"{upper}/special.bait")
    expected = {"folder", "file", "special", "folder.bait", "file.bait", "special.bait", "aside"}
    treasure = os.lstat(f"{case}/secret/treasure")
    before = descriptors()
    noticed = 0
    with subprocess.Popen([sys.executable, "-c", RACER, upper, "folder", "file", "special"]) as racer:
        try:
            end = time.monotonic() + 3
            rounds = 0
            while time.monotonic() < end:
                noticed += bool(saved(upper, f"{case}/layers").changed)
                found = read(os.fsencode(f"{case}/layers/1"))
                assert not any(b"treasure" in path or content == b"gold" for path, (_kind, content, _more) in found.items())
                assert set(os.listdir(f"{case}/layers/1")) <= expected
                shutil.rmtree(f"{case}/layers/1")
                rounds += 1
        finally:
            racer.kill()
    assert rounds > 10
    assert noticed
    assert os.listdir(f"{case}/secret") == ["treasure"]
    assert os.lstat(f"{case}/secret/treasure") == treasure
    assert descriptors() == before


# Writes all over a file, in small steps.
WRITER = """
import os, sys
with open(sys.argv[1], "r+b", buffering=0) as stream:
    while True:
        for place in range(0, 1 << 23, 4096):
            os.pwrite(stream.fileno(), b"busy", place)
"""


def test_a_file_that_changes_is_named(case):
    upper, layers = f"{case}/upper", f"{case}/layers"
    os.mkdir(f"{upper}/folder")
    write(f"{upper}/folder/busy", bytes(1 << 23))
    write(f"{upper}/folder/calm", b"x")
    with subprocess.Popen([sys.executable, "-c", WRITER, f"{upper}/folder/busy"]) as writer:
        try:
            # Until it is scheduled while both copies are made.
            end = time.monotonic() + 20
            while saved(upper, layers).changed != ("/folder/busy",):
                assert time.monotonic() < end
                shutil.rmtree(f"{layers}/1")
        finally:
            writer.kill()
    assert saved(upper, layers, name="after").changed == ()
    assert checksum(f"{layers}/after") == checksum(upper)
