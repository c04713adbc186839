# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import stat
import subprocess
import sys
import time

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.commit import (
    ANOTHER,
    NOTHING,
    THE_SOURCE,
    UNKNOWN,
    Commit,
    Image,
    Source,
    room,
)
from ansible_collections.labs.overlayroot.plugins.module_utils._core import store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._host import interrupts, lock
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.checksums import checksum
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.flatten import commit, look
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.attacks import RACER
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.exact_comparison import exact
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import read
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import call, mounted, scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import BASES, SESSIONS, perform
from hypothesis import example, given, settings

OPTIONS = b"index=off,redirect_dir=on,metacopy=off"
ACLS = ("system.posix_acl_access", "system.posix_acl_default")
TOOLS = {"squashfs": "mksquashfs", "ext4": "mkfs.ext4", "directory": "true"}


def kinds(*formats):
    """Of image, where the host has the tool that makes it."""
    compression = {"squashfs": "zstd"}
    return pytest.mark.parametrize(
        ("format_", "compression"),
        [
            pytest.param(
                name,
                compression.get(name, ""),
                id=name,
                marks=pytest.mark.skipif(not shutil.which(TOOLS[name]), reason=f"needs {TOOLS[name]}"),
            )
            for name in formats
        ],
    )


EVERY_KIND = kinds("directory", "ext4", "squashfs")
IMAGES = kinds("ext4", "squashfs")


@pytest.fixture(scope="module", name="place")
def fixture_place():
    if not os.access("/dev/loop-control", os.W_OK):
        pytest.skip("needs loop devices")
    with scratch() as folder:
        yield os.fsdecode(folder)


@contextlib.contextmanager
def emptied(case):
    """Folders base, upper, work, none, merged, image, store, and secret, which nothing may lead to."""
    for name in ("base", "upper", "work", "none", "merged", "image", "store", "secret"):
        os.makedirs(f"{case}/{name}")
    write(f"{case}/secret/treasure", b"gold")
    try:
        yield case
    finally:
        subprocess.run(["rm", "-rf", case], check=True)


@pytest.fixture(name="case")
def fixture_case(place):
    with emptied(f"{place}/case") as case:
        yield case


def write(path, content=b"", attributes=()):
    with open(path, "wb") as stream:
        stream.write(content)
    for name, value in dict(attributes).items():
        os.setxattr(path, name, value)


def job(case, format_, compression, source=None, **more):
    source = source or Source(layers=(f"{case}/upper", f"{case}/base"))
    return Commit(source, Image(f"{case}/store/new", format_, compression), **more)


def committed(asked):
    found = look(asked, True)
    return commit(asked._replace(tree=found.tree, destroys=found.holds != NOTHING))


def holds(asked):
    return look(asked, True).holds


@contextlib.contextmanager
def shown(case, format_):
    """The committed tree, as others than the collection mount it."""
    if format_ == "directory":
        yield os.fsencode(f"{case}/store/new")
        return
    subprocess.run(["mount", "-o", "ro,loop", f"{case}/store/new", f"{case}/image"], check=True)
    try:
        yield os.fsencode(f"{case}/image")
    finally:
        subprocess.run(["umount", f"{case}/image"], check=True)


@contextlib.contextmanager
def union(case, writable=True):
    layers = [os.fsencode(f"{case}/{name}") for name in ("upper", "base", "none")]
    if writable:
        more = {"lower": layers[1:], "upper": layers[0], "work": os.fsencode(f"{case}/work")}
    else:
        more = {"lower": layers}
    with mounted(os.fsencode(f"{case}/merged"), options=OPTIONS, **more) as merged:
        yield merged


def in_words_of(format_, tree):
    """What a squashfs cannot hold, and the time of what an image holds besides."""
    found, pieces, groups = tree
    if format_ == "squashfs":
        for _kind, _content, attributes in found.values():
            attributes["mtime"] //= 10**9
            for name in ACLS:
                attributes.pop(name, None)
        pieces = None
    return found, pieces, groups


def left(case):
    return sorted(os.listdir(f"{case}/store"))


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def mounts():
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        return set(table)


BOUNDED = settings(derandomize=True, database=None, deadline=None, max_examples=25)
FOLDER = [("mkdir", b"a"), ("write", b"a/b", b"x"), ("mkdir", b"a/a"), ("write", b"a/a/b", b"y"), ("write", b"b", b"xy\n")]


@EVERY_KIND
@given(BASES, SESSIONS)
@BOUNDED
@example(FOLDER, [("rename", b"a", b"c\xff\n"), ("rename", b"c\xff\n/a", b"a"), ("write", b"a/b", b"z")])
@example(FOLDER, [("link", b"b", b"a/x"), ("link", b"b", b"a/a/x"), ("sparse", b"b"), ("remove", b"a/b"), ("time", b"a/x")])
@example([*FOLDER, ("link", b"b", b"a/x"), ("link", b"b", b"a/a/x")], [("remove", b"a/a/x"), ("renew", b"a/a")])
@example(FOLDER, [("renew", b"a"), ("acl", b"b"), ("default acl", b"a"), ("capability", b"b"), ("time", b"a")])
@example(FOLDER, [("mkdir", b"0"), ("attribute", b"a"), ("long attribute", b"a/b"), ("socket", b"s"), ("fifo", b"f"), ("device", b"d")])
def test_the_tree_is_what_the_union_shows(place, format_, compression, base, session):
    with emptied(f"{place}/case") as case:
        perform(os.fsencode(f"{case}/base"), base)
        with union(case) as merged:
            perform(merged, session)
        with union(case, writable=False) as merged:
            before = in_words_of(format_, exact(merged))
        asked = job(case, format_, compression, dropped=ACLS if format_ == "squashfs" else ())
        committed(asked)
        with shown(case, format_) as copy:
            assert in_words_of(format_, exact(copy)) == before
        assert holds(asked) == THE_SOURCE
        assert left(case) == ["new"]


@EVERY_KIND
def test_a_union_that_is_mounted(case, format_, compression):
    write(f"{case}/base/below", b"x")
    with union(case) as merged:
        write(f"{case}/merged/above", b"y")
        os.mkdir(f"{case}/merged/inner")
        os.chmod(f"{case}/merged/below", 0o4711)
        before = in_words_of(format_, exact(merged))
        call("mount", b"other", merged + b"/inner", b"tmpfs", 0, None)
        try:
            write(f"{case}/merged/inner/hidden", b"z")
            asked = job(case, format_, compression, Source(union=f"{case}/merged"))
            committed(asked)
            assert holds(asked) == THE_SOURCE
            os.unlink(f"{case}/merged/above")
            assert holds(asked) == ANOTHER
        finally:
            call("umount2", merged + b"/inner", 0)
    with shown(case, format_) as copy:
        assert in_words_of(format_, exact(copy)) == before


@EVERY_KIND
def test_one_layer_hides_its_whiteouts(case, format_, compression):
    os.mknod(f"{case}/base/gone", stat.S_IFCHR, 0)
    os.mkdir(f"{case}/base/folder")
    os.setxattr(f"{case}/base/folder", "trusted.overlay.opaque", b"y")
    committed(job(case, format_, compression, Source(layers=(f"{case}/base",))))
    with shown(case, format_) as copy:
        found = read(copy)
        assert set(found) == {b"/", b"/folder"}
        assert set(found[b"/folder"][2]) == {"mode", "owner", "group", "mtime"}


def test_layers_with_user_attributes(case):
    os.mkdir(f"{case}/base/folder")
    write(f"{case}/base/folder/file")
    os.mkdir(f"{case}/upper/folder")
    try:
        os.setxattr(f"{case}/upper/folder", "user.overlay.opaque", b"y")
    except OSError:
        pytest.skip("tmpfs has no user attributes here")
    committed(job(case, "directory", "", Source(layers=(f"{case}/upper", f"{case}/base"), userxattr=True)))
    assert os.listdir(f"{case}/store/new/folder") == []
    assert os.listxattr(f"{case}/store/new/folder") == []


@EVERY_KIND
def test_another_tree_is_replaced_at_once_and_kept(case, format_, compression):
    asked = job(case, format_, compression)
    sums = []
    for content in (b"1", b"2", b"3"):
        write(f"{case}/base/file", content)
        committed(asked)
        with shown(case, format_) as copy:
            sums.append(read(copy)[b"/file"][1])
    assert sums == [b"1", b"2", b"3"]
    assert left(case) == ["new", "new.old"]
    os.rename(f"{case}/store/new.old", f"{case}/store/new.older")
    write(f"{case}/base/file", b"4")
    committed(asked._replace(keeps_old=False))
    assert left(case) == ["new", "new.older"]


@IMAGES
def test_the_image_is_for_root_until_someone_says_otherwise(case, format_, compression):
    asked = job(case, format_, compression)
    committed(asked)
    assert stat.S_IMODE(os.stat(f"{case}/store/new").st_mode) == 0o600
    os.chown(f"{case}/store/new", 12, 34)
    os.chmod(f"{case}/store/new", 0o640)
    write(f"{case}/base/file", b"x")
    committed(asked)
    status = os.stat(f"{case}/store/new")
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (12, 34, 0o640)


@kinds("squashfs")
def test_what_is_there_already(case, format_, compression):
    asked = job(case, format_, compression)
    target = f"{case}/store/new"
    assert look(asked, False).holds == UNKNOWN
    assert holds(asked) == NOTHING
    os.mkdir(target)
    assert holds(asked) == ANOTHER
    os.rmdir(target)
    for content in (b"", b"no image", b"hsqs" + bytes(5000), b"hsqs" + bytes(16) + b"\x06\0" + bytes(5000)):
        write(target, content)
        assert holds(asked) == ANOTHER
    committed(asked)
    assert holds(asked) == THE_SOURCE
    assert holds(asked._replace(image=asked.image._replace(compression="gzip"))) == ANOTHER
    assert holds(asked._replace(image=asked.image._replace(format="ext4", compression=""))) == ANOTHER


@EVERY_KIND
def test_what_a_cut_off_commit_left_is_removed_first(case, format_, compression):
    os.makedirs(f"{case}/store/.new.new/layer/folder")
    os.symlink(f"{case}/secret", f"{case}/store/.new.new/layer/link")
    committed(job(case, format_, compression))
    assert left(case) == ["new"]
    assert os.listdir(f"{case}/secret") == ["treasure"]


@EVERY_KIND
def test_without_room_nothing_changes(case, format_, compression):
    write(f"{case}/base/large", os.urandom(1 << 20))
    call("mount", b"small", os.fsencode(f"{case}/store"), b"tmpfs", 0, b"size=512k")
    before = descriptors()
    try:
        write(f"{case}/store/new", b"old")
        asked = job(case, format_, compression)
        assert look(asked, True).free.bytes < room(look(asked, True).tree, format_).bytes
        with pytest.raises(OverlayrootError):
            committed(asked)
        assert left(case) == ["new"]
        assert holds(asked) == ANOTHER
        assert os.stat(f"{case}/store/new").st_size == 3
    finally:
        call("umount2", os.fsencode(f"{case}/store"), 0)
    assert descriptors() == before


# Writes to a file, again and again.
WRITER = """
import itertools, os, sys
with open(sys.argv[1], "wb", buffering=0) as stream:
    for number in itertools.count():
        os.pwrite(stream.fileno(), b"%012d" % number, 0)
"""


@EVERY_KIND
def test_what_is_written_to_meanwhile_is_named(case, format_, compression):
    write(f"{case}/store/new", b"old")
    with union(case):
        write(f"{case}/merged/busy", b"busy")
        asked = job(case, format_, compression, Source(union=f"{case}/merged"), keeps_old=False)
        with subprocess.Popen([sys.executable, "-c", WRITER, f"{case}/merged/busy"]) as writer:
            try:
                # Until it is scheduled between copy and comparison.
                end = time.monotonic() + 20
                said = ""
                while not said and time.monotonic() < end:
                    before = os.stat(f"{case}/store/new").st_ino
                    try:
                        committed(asked)
                    except OverlayrootError as error:
                        said = str(error)
            finally:
                writer.kill()
    assert said.startswith("/busy: is not the same in what was made of it (")
    assert left(case) == ["new"]
    assert os.stat(f"{case}/store/new").st_ino == before


@EVERY_KIND
def test_a_racing_process_leads_nowhere(case, format_, compression):
    treasure = os.lstat(f"{case}/secret/treasure")
    with union(case):
        os.mkdir(f"{case}/merged/folder")
        write(f"{case}/merged/file", b"own")
        os.symlink(f"{case}/secret", f"{case}/merged/folder.bait")
        os.symlink(f"{case}/secret/treasure", f"{case}/merged/file.bait")
        asked = job(case, format_, compression, Source(union=f"{case}/merged"), keeps_old=False)
        with subprocess.Popen([sys.executable, "-c", RACER, f"{case}/merged", "folder", "file"]) as racer:
            try:
                end = time.monotonic() + 2
                while time.monotonic() < end:
                    with contextlib.suppress(OverlayrootError):
                        committed(asked)
                        with shown(case, format_) as copy:
                            found = read(copy)
                        assert not any(b"treasure" in path or content == b"gold" for path, (_kind, content, _more) in found.items())
                    assert set(left(case)) <= {"new"}
            finally:
                racer.kill()
    assert os.listdir(f"{case}/secret") == ["treasure"]
    assert os.lstat(f"{case}/secret/treasure") == treasure


@IMAGES
def test_an_image_that_is_mounted_is_left_alone(case, format_, compression):
    asked = job(case, format_, compression)
    committed(asked)
    with shown(case, format_):
        with pytest.raises(OverlayrootError, match="/store/new: is in use: it is the device /dev/loop"):
            look(asked, True)
        assert look(asked._replace(is_used=True), False).holds == UNKNOWN
        os.rename(f"{case}/store/new", f"{case}/store/new.old")
        with pytest.raises(OverlayrootError, match=r"/store/new\.old: is in use"):
            look(asked, True)


@EVERY_KIND
def test_a_commit_that_is_killed(case, format_, compression):
    """At many moments: whatever it has done by then, the target is the old tree or the new one."""
    os.mkdir(f"{case}/base/folder")
    for number in range(60):
        write(f"{case}/base/folder/{number}", os.urandom(1 << 15))
    asked = job(case, format_, compression)
    committed(asked)
    before = mounts()
    started = time.monotonic()
    committed(asked)
    duration = time.monotonic() - started
    leftovers = 0
    for moment in range(12):
        write(f"{case}/base/changed", b"%d" % moment)
        kill(asked, duration * moment / 24)
        leftovers += ".new.new" in left(case)
        with shown(case, format_) as copy:
            found = read(copy)
        content = found.pop(b"/changed", (None, b"-1"))[1]
        assert int(content) in (moment - 1, moment)
        assert len(found) == 62
        committed(asked._replace(keeps_old=moment % 3 > 0))
        assert set(left(case)) <= {"new", "new.old"}
        assert holds(asked) == THE_SOURCE
    assert leftovers
    # Where somebody removes a folder, the kernel unmounts what is on it here, too.
    assert mounts() <= before


def kill(asked, seconds):
    """The process that waits for a commit, so long after that has begun to write."""
    above, name = os.path.split(asked.path)
    process = os.fork()
    if process == 0:
        with contextlib.suppress(BaseException), lock.held([above]):
            committed(asked)
        os._exit(0)
    end = time.monotonic() + 20
    while not os.path.exists(f"{above}/.{name}.new") and time.monotonic() < end:
        time.sleep(0.001)
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    wait_for_quiet(above)


def wait_for_quiet(above):
    """Until the lock is free, which the last process of the killed commit has."""
    folder = os.open(above, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    os.close(folder)


@EVERY_KIND
def test_a_long_commit_that_is_interrupted(case, format_, compression):
    """Whoever asked for it waits until nothing of it is left, which is not long."""
    with open(f"{case}/base/large", "wb") as stream:
        stream.truncate(1 << 35)
    before = mounts()
    process, said = begun(job(case, format_, compression))
    time.sleep(1)
    assert left(case) == [".new.new"]
    started = time.monotonic()
    os.kill(process, signal.SIGTERM)
    with open(said, encoding="utf-8") as stream:
        assert stream.read() == "the change: was interrupted by SIGTERM. What was done is undone; run it again."
    os.waitpid(process, 0)
    assert time.monotonic() - started < 2
    assert left(case) == []
    # Where somebody removes a folder, the kernel unmounts what is on it here, too.
    assert mounts() <= before


@EVERY_KIND
def test_a_commit_that_is_interrupted_at_any_moment(case, format_, compression):
    """By Ctrl-C, which every process of it gets: it is done, or it is not, and what was there before is kept."""
    os.mkdir(f"{case}/base/folder")
    for number in range(60):
        write(f"{case}/base/folder/{number}", os.urandom(1 << 13))
    asked = job(case, format_, compression)
    started = time.monotonic()
    committed(asked)
    duration = time.monotonic() - started
    told = []
    for moment in range(12):
        shutil.rmtree(f"{case}/store")
        os.mkdir(f"{case}/store")
        committed(asked)
        before = os.stat(f"{case}/store/new").st_ino
        write(f"{case}/base/changed", b"%d" % moment)
        process, said = begun(asked)
        time.sleep(duration * moment / 8)
        os.killpg(process, signal.SIGINT)
        with open(said, encoding="utf-8") as stream:
            told.append("was interrupted by SIGINT" in stream.read())
        os.waitpid(process, 0)
        assert left(case) == (["new"] if told[-1] else ["new", "new.old"])
        assert os.stat(f"{case}/store/{left(case)[-1]}").st_ino == before
        assert holds(asked) == (ANOTHER if told[-1] else THE_SOURCE)
    assert True in told


def begun(asked):
    """A process that waits for a commit, on a terminal of its own, and a descriptor of what it says of a failure."""
    ours, theirs = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            with interrupts.held():
                os.setsid()
                os.write(theirs, b"> ")
                committed(asked)
        except OverlayrootError as error:
            os.write(theirs, str(error).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    assert os.read(ours, 2) == b"> "
    return process, ours


def test_a_damaged_layer_is_not_committed(case):
    with stored(case) as (layer, about):
        asked = job(case, "directory", "", Source(layers=(layer, f"{case}/base"), saved={"a": about}))
        committed(asked)
        write(f"{layer}/file", b"other")
        with pytest.raises(OverlayrootError, match="^layer a: is not what was saved: its checksum is another one"):
            look(asked, True)
        assert look(asked, False).holds == UNKNOWN
        os.rename(layer, f"{layer}.gone")
        with pytest.raises(OverlayrootError, match="^layer a: is not what was saved"):
            look(asked, True)


@contextlib.contextmanager
def stored(case):
    """The path of a layer of a store that nobody else sees, and what is noted about it."""
    call("mount", b"run", b"/run", b"tmpfs", 0, b"size=16m")
    try:
        layer = f"{store.LAYERS}/a"
        os.makedirs(layer)
        write(f"{layer}/file", b"x")
        yield layer, {"format": "overlay", "sha256": checksum("a", {"format": "overlay"})}
    finally:
        call("umount2", b"/run", 2)


@pytest.mark.parametrize(
    ("format_", "said"),
    [
        ("squashfs", "command mksquashfs: is not installed. Install the package squashfs-tools"),
        ("ext4", "command mkfs.ext4: is not installed. Install the package e2fsprogs"),
    ],
)
def test_without_the_tools(case, monkeypatch, format_, said):
    monkeypatch.setenv("PATH", f"{case}/none")
    with pytest.raises(OverlayrootError, match=said):
        committed(job(case, format_, "zstd"))
    assert left(case) == []


@kinds("squashfs")
def test_a_compression_that_is_not_there(case, format_, compression):
    with pytest.raises(OverlayrootError, match="command mksquashfs .* -comp none: ended with exit code 1"):
        committed(job(case, format_, "none"))
    assert left(case) == []


def test_layers_that_cannot_be_stacked(case):
    asked = job(case, "directory", "", Source(layers=(f"{case}/base", f"{case}/base")))
    with pytest.raises(OverlayrootError, match="cannot be mounted as a union"):
        committed(asked)
    with pytest.raises(OverlayrootError, match=f"^layer {case}/gone: cannot be opened: No such file"):
        committed(job(case, "directory", "", Source(layers=(f"{case}/gone",))))


def test_sizes(case):
    os.mkdir(f"{case}/base/folder")
    write(f"{case}/base/zeros", bytes(1 << 20))
    os.link(f"{case}/base/zeros", f"{case}/base/folder/again")
    write(f"{case}/base/random", os.urandom(1 << 20))
    with open(f"{case}/base/hole", "wb") as stream:
        stream.truncate(1 << 30)
    write(f"{case}/base/noted", b"x", {"trusted.note": b"x"})
    perform(os.fsencode(f"{case}/base"), [("acl", b"random"), ("default acl", b"folder")])
    found = look(job(case, "squashfs", "zstd"), False).tree
    # The folders, hole and noted; zeros twice, since it has two names.
    assert found.inodes == 2 + 2 + 2 + 1
    with_attributes = 3
    assert found.bytes == (2 + 2 + with_attributes) * 4096 + (2 << 20)
    assert 1 << 20 < found.compressed < 1.1 * (1 << 20)
    assert found.unfit == (("system.posix_acl_access", "/random"), ("system.posix_acl_default", "/folder"))
    assert look(job(case, "ext4", ""), False).tree.unfit == ()
