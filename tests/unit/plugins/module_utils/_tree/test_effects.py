# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import os
import stat
import signal
import time

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout, mountinfo, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import State
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import (
    ConvertLayer,
    FoldLayers,
    NoteImage,
    PrepareKept,
    RemoveLayer,
    RemoveTree,
    SaveLayer,
)
from ansible_collections.labs.overlayroot.plugins.module_utils._host import interrupts, lock
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.background import in_background
from ansible_collections.labs.overlayroot.plugins.module_utils._host import do as doing
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.checksums import checksum, checksums
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.effects import EFFECTS
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.exact_comparison import exact
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import call, scratch


@pytest.fixture(name="place")
def fixture_place():
    """A folder for uppers; the store is where it is on a host, but nobody else sees that."""
    with scratch() as folder:
        call("mount", b"run", b"/run", b"tmpfs", 0, b"size=16m")
        try:
            os.makedirs(store.LAYERS)
            os.makedirs(store.CONVERTED)
            os.makedirs(store.TRASH)
            yield os.fsdecode(folder)
        finally:
            call("umount2", b"/run", 2)


def do(step):
    doing.do(step, EFFECTS[type(step)])


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(content)


def wait_for(folder, names):
    deadline = time.monotonic() + 60
    while sorted(os.listdir(folder)) != names:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def record(name):
    with open(f"{store.LAYERS}/{name}.json", encoding="utf-8") as stream:
        return json.load(stream)


def session(place):
    """Uppers of the root, of /usr and of /srv/my data, whose mount point was made in the session."""
    write(f"{place}/root/etc/motd", "hello")
    os.makedirs(f"{place}/root/srv/my data")
    os.utime(f"{place}/root/srv", ns=(1, 123456789))
    write(f"{place}/usr/bin/tool", "tool")
    os.mknod(f"{place}/usr/bin/gone", 0o020000, 0)
    os.chmod(f"{place}/usr", 0o711)
    write(f"{place}/data/file", "12345")
    return (("/", f"{place}/root", ()), ("/srv/my data", f"{place}/data", ()), ("/usr", f"{place}/usr", ()))


def test_uppers_become_one_layer(place):
    uppers = session(place)
    do(SaveLayer("1", uppers, "a label", "overlay"))
    layer = f"{store.LAYERS}/1"
    assert exact(os.fsencode(f"{layer}/usr")) == exact(os.fsencode(f"{place}/usr"))
    assert exact(os.fsencode(f"{layer}/srv/my data")) == exact(os.fsencode(f"{place}/data"))
    assert exact(os.fsencode(f"{layer}/etc")) == exact(os.fsencode(f"{place}/root/etc"))
    assert os.stat(f"{layer}/srv").st_mtime_ns == 123456789
    assert sorted(os.listdir(store.LAYERS)) == ["1", "1.json"]
    about = record("1")
    assert (about["label"], about["format"], about["files"], about["bytes"]) == ("a label", "overlay", 4, 14)
    assert about["changed"] == []
    assert abs(time.mktime(time.strptime(about["time"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - time.time()) < 60


def test_an_upper_of_aufs_becomes_a_layer_that_overlayfs_reads(place):
    (_path, root, _below), *others = session(place)
    write(f"{root}/etc/.wh.gone", "")
    write(f"{root}/.wh..wh.plnk/12.34", "a link that is only pretended")
    do(SaveLayer("1", (("/", root, ()), *others), "", "aufs"))
    layer = f"{store.LAYERS}/1"
    assert exact(os.fsencode(f"{layer}/usr")) == exact(os.fsencode(f"{place}/usr"))
    assert ".wh..wh.plnk" not in os.listdir(layer)
    assert stat.S_ISCHR(os.lstat(f"{layer}/etc/gone").st_mode)
    assert record("1")["format"] == "overlay"


def test_a_layer_goes_with_what_was_made_of_it_for_aufs(place):
    do(SaveLayer("1", session(place), "", "overlay"))
    do(ConvertLayer(f"{store.CONVERTED}/1", f"{store.LAYERS}/1", "overlay", "aufs", (), ("/usr", "/srv/my data")))
    assert sorted(os.listdir(f"{store.CONVERTED}/1")) == ["etc", "srv"]
    other = os.path.dirname(store.TOP) + "/targets/web/layers"
    os.makedirs(other + "/1")
    do(RemoveLayer("1", other))
    assert (os.listdir(other), os.listdir(store.CONVERTED)) == ([], ["1"])
    do(RemoveLayer("1"))
    assert (os.listdir(store.LAYERS), os.listdir(store.CONVERTED)) == ([], [])


def test_a_session_is_folded_with_the_one_before_it_on_each_file_system(place):
    do(SaveLayer("1", session(place), "", "overlay", is_session=True))
    first = exact(os.fsencode(f"{store.LAYERS}/1"))
    write(f"{place}/later/etc/more", "2")
    write(f"{place}/later-usr/bin/gone", "back")
    uppers = (("/", f"{place}/later", ()), ("/usr", f"{place}/later-usr", ()))
    do(SaveLayer("2", uppers, "", "overlay", is_session=True))
    do(FoldLayers("3", ("2", "1"), ("/", "/usr", "/srv/my data"), "shutdown"))
    layer = f"{store.LAYERS}/3"
    assert exact(os.fsencode(f"{store.LAYERS}/1")) == first
    assert exact(os.fsencode(f"{layer}/srv")) == exact(os.fsencode(f"{store.LAYERS}/1/srv"))
    contents = {}
    for name in ("etc/motd", "etc/more", "usr/bin/tool", "usr/bin/gone", "srv/my data/file"):
        with open(f"{layer}/{name}", encoding="utf-8") as stream:
            contents[name] = stream.read()
    assert list(contents.values()) == ["hello", "2", "tool", "back", "12345"]
    about = record("3")
    assert (about["session"], about["label"]) == (True, "shutdown")
    assert "sha256" not in {**about, **record("1")}  # a shutdown does not wait for them


@pytest.mark.parametrize("top", [store.TOP, layout.DATA + "/targets/web"])
def test_the_checksum_is_that_of_the_layer(place, top):
    above = top + "/layers"
    os.makedirs(above, exist_ok=True)
    do(SaveLayer("1", session(place), "", "overlay", above=above))
    data = f"1 0 0:1 / / rw - ext4 none rw\n2 1 0:2 / {layout.DATA} rw - ext4 none rw\n"
    with open(f"{above}/1.json", encoding="utf-8") as stream:
        noted = stream.read()
    folders = {**dict.fromkeys(store.folders_of(top)), above: {"1": None, "1.json": noted}, top + "/generations": {}}
    state = State(mounts=mountinfo.parse(data), folders=folders)
    assert checksums(state, top) == {"1": json.loads(noted)["sha256"]}
    write(f"{above}/1/etc/motd", "other")
    assert checksums(state, top) != {"1": json.loads(noted)["sha256"]}
    os.rename(f"{above}/1", f"{above}/2")
    assert checksums(state, top) == {"1": None}


def test_an_image_is_noted_and_removed(place):
    write(f"{store.LAYERS}/1.squashfs", "x" * 5000)
    do(NoteImage("1.squashfs"))
    about = record("1.squashfs")
    assert (about["format"], about["bytes"]) == ("squashfs", 8192)
    assert about["sha256"] == hashlib.sha256(b"x" * 5000).hexdigest() == checksum("1.squashfs", about)
    do(RemoveLayer("1.squashfs"))
    assert os.listdir(store.LAYERS) == []
    wait_for(store.TRASH, [])
    assert checksum("1.squashfs", about) is None
    with pytest.raises(OverlayrootError, match="^note image .*: No such file"):
        do(NoteImage("1.squashfs"))


def test_files_below_a_mount_point_are_not_lost_silently(place):
    uppers = session(place)
    write(f"{place}/root/srv/my data/hidden", "x")
    with pytest.raises(OverlayrootError, match="^layer 1: cannot be written: Directory not empty"):
        do(SaveLayer("1", uppers, "", "overlay"))
    assert os.listdir(store.LAYERS) == []


def test_a_save_that_is_interrupted_leaves_nothing(place):
    uppers = session(place)
    with interrupts.held(), pytest.raises(OverlayrootError, match="was interrupted by SIGTERM"):
        os.kill(os.getpid(), signal.SIGTERM)
        do(SaveLayer("1", uppers, "", "overlay"))
    assert os.listdir(store.LAYERS) == []


def test_a_layer_is_removed(place):
    do(SaveLayer("1", session(place), "", "overlay"))
    do(RemoveLayer("1"))
    assert os.listdir(store.LAYERS) == []
    wait_for(store.TRASH, [])
    do(RemoveLayer("1"))


def test_a_tree_is_removed_in_the_background_with_what_was_left_before(place):
    for name in (".upper.reset-1", ".upper.reset-2", ".work.reset-2", "upper"):
        write(f"{place}/{name}/a/b", "")
    do(RemoveTree("/srv/course", f"{place}/.upper.reset-2"))
    wait_for(place, [".work.reset-2", "upper"])


def test_work_in_the_background_can_be_ended(place):
    """It was begun while signals were held."""
    reading, writing = os.pipe()
    with interrupts.held():
        in_background(lambda: (os.write(writing, b"%d\n" % os.getpid()), time.sleep(60)))
    os.close(writing)
    with open(reading, encoding="ascii") as stream:
        os.kill(int(stream.readline()), signal.SIGTERM)
        assert stream.read() == ""


def test_work_in_the_background_holds_nothing(place):
    reading, writing = os.pipe()
    with lock.held([place]):
        in_background(lambda: (os.write(writing, b"%d\n" % os.getpid()), time.sleep(60)))
    with open(reading, encoding="ascii") as stream:
        process = int(stream.readline())
    os.close(writing)
    with lock.held([place]):
        os.kill(process, signal.SIGTERM)


def test_a_folder_that_is_not_there(place):
    with pytest.raises(OverlayrootError) as caught:
        do(RemoveTree("/srv/course", f"{place}/no/.upper.reset-2"))
    assert str(caught.value) == "remove tree /srv/course: No such file or directory. Look at the path on the host."


def test_the_way_to_what_is_kept_is_made(place):
    session(place)
    os.chmod(f"{place}/data", 0o2751)
    write(f"{place}/root/etc/ssh/keys/one", "x")
    os.setxattr(f"{place}/root/etc/ssh", "trusted.overlay.opaque", b"y")
    os.setxattr(f"{place}/root/etc/ssh", "trusted.overlay.origin", b"z")
    os.utime(f"{place}/root/etc/ssh", ns=(1, 42))
    step = PrepareKept(
        store.KEPT,
        (
            ("upper", f"{place}/root", ("/etc/ssh/keys", "/etc/ssh/other", "/top")),
            ("mounts/a/upper", f"{place}/data", ("/file",)),
        ),
    )
    do(step)
    do(step)
    found = {path[len(store.KEPT) :] for path, _folders, _files in os.walk(store.KEPT)}
    assert found == {"", "/upper", "/upper/etc", "/upper/etc/ssh", "/mounts", "/mounts/a", "/mounts/a/upper"}
    ssh = f"{store.KEPT}/upper/etc/ssh"
    assert os.stat(ssh).st_mtime_ns == 42
    assert os.listxattr(ssh) == ["trusted.overlay.opaque"]
    assert os.stat(f"{store.KEPT}/mounts/a/upper").st_mode == os.stat(f"{place}/data").st_mode


def test_a_link_is_not_followed_to_what_is_kept(place):
    session(place)
    os.symlink("/etc", f"{place}/root/link")
    with pytest.raises(OverlayrootError, match="^prepare kept .*: Not a directory"):
        do(PrepareKept(store.KEPT, (("upper", f"{place}/root", ("/link/x",)),)))
