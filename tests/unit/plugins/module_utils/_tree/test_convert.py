# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of overlayfs that become those of other backends, and the other way round."""

from __future__ import annotations

import contextlib
import os
import stat
import subprocess

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import Sight
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import ConvertLayer
from ansible_collections.labs.overlayroot.plugins.module_utils._core.unionfs_fuse import PROGRAM
from ansible_collections.labs.overlayroot.plugins.module_utils._host.see import see
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.effects import EFFECTS
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import read
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import call, emptied, mounted, scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import BASES, SESSIONS, perform
from hypothesis import example, given, settings
from hypothesis import strategies as st

OPTIONS = b"index=off,redirect_dir=on,metacopy=off"
TREE = [("mkdir", b"a"), ("write", b"a/b", b"x"), ("mkdir", b"a/a"), ("write", b"a/a/b", b"y"), ("write", b"b", b"xy\n")]
MOVED = [("rename", b"a", b"c\xff\n"), ("mkdir", b"a"), ("write", b"a/a", b"n"), ("remove", b"b")]


@pytest.fixture(scope="module", name="place")
def fixture_place():
    with scratch() as folder:
        yield folder


@pytest.fixture(name="case")
def fixture_case(place):
    with emptied(place + b"/case") as case:
        yield case


def converted(source, old, new, below=(), apart=()):
    target = source + b"." + new.encode()
    EFFECTS[ConvertLayer](ConvertLayer(*map(os.fsdecode, (target, source)), old, new, tuple(map(os.fsdecode, below)), tuple(apart)))
    return target


@pytest.mark.parametrize("other", ["aufs", "unionfs_fuse"])
@given(BASES, st.lists(SESSIONS, min_size=1, max_size=2))
@settings(derandomize=True, database=None, deadline=None, max_examples=40)
@example(TREE, [MOVED])
@example(TREE, [[("renew", b"a"), ("write", b"a/b", b"z")], [("rename", b"a", b"b/x"), ("link", b"b", b"c")]])
@example(TREE, [[("link", b"b", b"a/x"), ("acl", b"b"), ("default acl", b"a"), ("capability", b"b"), ("time", b"a")]])
def test_what_has_been_there_and_back_shows_the_same(place, other, base, sessions):
    with emptied(place + b"/case") as case:
        for name in (b"base", b"merged", b"none"):
            os.mkdir(case + b"/" + name)
        perform(case + b"/base", base)
        layers = [case + b"/base"]
        for number, session in enumerate(sessions):
            upper, work = (case + b"/%s%d" % (name, number) for name in (b"upper", b"work"))
            os.mkdir(upper)
            os.mkdir(work)
            with mounted(case + b"/merged", layers, upper, work, OPTIONS) as merged:
                perform(merged, session)
            with mounted(case + b"/merged", [upper, *layers, case + b"/none"], options=OPTIONS) as merged:
                before = read(merged)
            there = converted(upper, "overlay", other, layers)
            back = converted(there, other, "overlay", layers)
            with mounted(case + b"/merged", [back, *layers, case + b"/none"], options=OPTIONS) as merged:
                assert read(merged) == before
            # Marks have times of their own, which nobody sees.
            assert read(converted(back, "overlay", other, layers)).keys() == read(there).keys()
            layers.insert(0, upper)


@contextlib.contextmanager
def mounted_by(backend, folder, upper, layers):
    """With the options that a root has."""
    if backend == "aufs":
        branches = b":".join([upper + b"=rw", *(layer + b"=ro+wh" for layer in layers)])
        call("mount", b"none", folder, b"aufs", 0, b"br=" + branches + b",noxino")
    else:
        branches = b":".join([upper + b"=RW", *(layer + b"=RO" for layer in layers)])
        subprocess.run([PROGRAM, b"-o", b"cow,hide_meta_files,use_ino", branches, folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def check_there(backend):
    if backend == "aufs" and "aufs" not in see(Sight()).filesystems:
        pytest.skip("the kernel of this machine has no aufs")
    if backend == "unionfs_fuse" and not (os.path.exists(PROGRAM) and os.path.exists("/dev/fuse")):
        pytest.skip("needs unionfs-fuse and /dev/fuse")


def seen(tree):
    """Folders have times of their own in some unions."""
    return {path: (kind, content, {**attributes, "mtime": 0}) for path, (kind, content, attributes) in tree.items()}


@pytest.mark.parametrize("other", ["aufs", "unionfs_fuse"])
@pytest.mark.parametrize("session", [MOVED, [("remove", b"a/a"), ("renew", b"a"), ("write", b"a/b", b"z")], [("remove", b"a")]])
def test_the_other_backend_shows_what_overlayfs_has_shown(case, other, session):
    check_there(other)
    for name in (b"base", b"merged", b"upper", b"work", b"other"):
        os.mkdir(case + b"/" + name)
    perform(case + b"/base", TREE)
    with mounted(case + b"/merged", [case + b"/base"], case + b"/upper", case + b"/work", OPTIONS) as merged:
        perform(merged, session)
        before = seen(read(merged))
    there = converted(case + b"/upper", "overlay", other, [case + b"/base"])
    with mounted_by(other, case + b"/merged", case + b"/other", [there, case + b"/base"]) as merged:
        assert seen(read(merged)) == before


def test_what_is_of_another_file_system_is_left_out(case):
    os.makedirs(case + b"/l/srv/data/x")
    os.makedirs(case + b"/l/srv/other")
    made = converted(case + b"/l", "overlay", "aufs", apart=["/srv/data"])
    assert sorted(os.listdir(made + b"/srv")) == [b"other"]


@pytest.mark.parametrize("name", [b".wh.x", b"x" * 243])
def test_a_name_that_aufs_does_not_take(case, name):
    os.makedirs(case + b"/l/a/" + name)
    with pytest.raises(OverlayrootError, match="/a/.*has a name that aufs has for its own"):
        converted(case + b"/l", "overlay", "aufs")
    assert os.listdir(case) == [b"l"]


def test_marks_as_aufs_has_them(case):
    os.makedirs(case + b"/l/a")
    os.setxattr(case + b"/l/a", "trusted.overlay.opaque", b"y")
    os.mknod(case + b"/l/gone", stat.S_IFCHR, 0)
    made = converted(case + b"/l", "overlay", "aufs")
    assert sorted(os.listdir(made)) == [b".wh.gone", b"a"]
    assert os.listdir(made + b"/a") == [b".wh..wh..opq"]
    assert os.listxattr(made + b"/a") == []


def test_a_folder_that_unionfs_fuse_only_notes_something_about(case):
    """It has no folder in its branch: owner and mode are those below."""
    os.makedirs(case + b"/base/a")
    os.chmod(case + b"/base/a", 0o751)
    os.makedirs(case + b"/l/.unionfs/a")
    with open(case + b"/l/.unionfs/a/b_HIDDEN~", "xb"):
        pass
    made = converted(case + b"/l", "unionfs_fuse", "overlay", [case + b"/base"])
    assert os.listdir(made) == [b"a"]
    assert stat.S_IMODE(os.stat(made + b"/a").st_mode) == 0o751
    assert os.lstat(made + b"/a/b").st_rdev == 0


def test_a_folder_that_was_made_anew_lists_nothing_of_the_old_one(case):
    """unionfs-fuse keeps its notes about what was in that."""
    os.makedirs(case + b"/base/a")
    os.makedirs(case + b"/l/a")
    os.makedirs(case + b"/l/.unionfs/a_HIDDEN~")
    os.makedirs(case + b"/l/.unionfs/a")
    with open(case + b"/l/.unionfs/a/b_HIDDEN~", "xb"):
        pass
    made = converted(case + b"/l", "unionfs_fuse", "overlay", [case + b"/base"])
    os.mkdir(case + b"/merged")
    with mounted(case + b"/merged", [made, case + b"/base"], options=OPTIONS) as merged:
        assert os.listdir(merged + b"/a") == []
