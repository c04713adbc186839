# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What survives a reset at once, of real unions."""

from __future__ import annotations

import contextlib
import os
import shutil
import time

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils import _engine
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.paths import written
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import GiveBack, Keep
from ansible_collections.labs.overlayroot.plugins.module_utils._host.do import do
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_reset
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.effects import EFFECTS
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.exact_comparison import exact
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import mounted, scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import BASES, PATHS, SESSIONS, perform
from hypothesis import example, given, settings
from hypothesis import strategies as st

FOLDERS = ("base", "upper", "work", "merged")


@pytest.fixture(scope="module", name="place")
def fixture_place():
    with scratch() as folder:
        yield os.fsdecode(folder)


@pytest.fixture(name="case")
def fixture_case(place):
    """Folders for a union."""
    for name in FOLDERS:
        os.mkdir(f"{place}/{name}")
    yield place
    wait_for(place)
    for name in FOLDERS:
        shutil.rmtree(f"{place}/{name}")


def wait_for(place):
    """The end of what is deleted in the background."""
    deadline = time.monotonic() + 60
    while len(os.listdir(place)) > len(FOLDERS):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def union(case, options=b"index=off,redirect_dir=on,metacopy=off"):
    base, upper, work, merged = (os.fsencode(f"{case}/{name}") for name in FOLDERS)
    return mounted(merged, [base], upper, work, options)


def reset(case, keep):
    params = {
        "path": f"{case}/merged",
        "when": "now",
        "method": "discard",
        "id": None,
        "discard_saved": False,
        "generation": None,
        "keep": [written(path) for path in keep],
    }
    return _engine.change(union_reset, params, False)


def write(path, content=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(content)


def is_within(path, kept):
    return any(path == name or path.startswith(name + b"/") for name in kept)


def of_kept(found, kept):
    """The part of an upper that survives: what is kept, and the folders that lead there."""
    above = {name[:end] or b"/" for name in kept for end in range(len(name)) if name[end : end + 1] == b"/"}
    entries, pieces, groups = found
    left = {path for path in entries if is_within(path, kept) or path in above}
    names = {frozenset(group & left) for group in groups}
    return (
        {path: entries[path] for path in left},
        {path: pieces[path] for path in left if path in pieces},
        {group for group in names if len(group) > 1},
    )


def leading_there(merged, paths):
    """Those of the paths that can be kept together."""
    chosen = []
    for path in sorted(set(paths)):
        above = os.path.dirname(merged + b"/" + path)
        if os.path.isdir(above) and os.path.realpath(above) == above and not is_within(b"/" + path, chosen):
            os.chmod(above, os.stat(above).st_mode & 0o7777)
            chosen.append(b"/" + path)
    return chosen


def check(place, base, session, paths, options):
    for name in FOLDERS:
        os.mkdir(f"{place}/{name}")
    perform(os.fsencode(f"{place}/base"), base)
    with union(place, options) as merged:
        perform(merged, session)
        kept = leading_there(merged, paths)
        upper = os.fsencode(f"{place}/upper")
        before = exact(upper)
        keep = [os.fsdecode(merged + path) for path in kept]
        done = reset(place, keep)
        if done["changed"]:
            assert exact(upper) == of_kept(before, kept) or not kept
        assert done["reset"]["upper_empty"]
        assert not reset(place, keep)["changed"]
    wait_for(place)
    for name in FOLDERS:
        shutil.rmtree(f"{place}/{name}")


BASE = [("mkdir", b"a"), ("mkdir", b"a/a"), ("write", b"a/b", b"x"), ("write", b"a/a/b", b"y"), ("write", b"b", b"xy\n")]


@pytest.mark.parametrize("options", [b"index=off,redirect_dir=on,metacopy=off", b"index=off,redirect_dir=nofollow"])
@given(BASES, SESSIONS, st.lists(PATHS, min_size=1, max_size=3))
@settings(derandomize=True, database=None, deadline=None, max_examples=40)
@example(BASE, [("link", b"b", b"a/x"), ("link", b"b", b"a/a/x"), ("sparse", b"b")], [b"b", b"a/x", b"a/a"])
@example(BASE, [("acl", b"a"), ("capability", b"a/b"), ("time", b"a/b"), ("time", b"a"), ("remove", b"a/a")], [b"a/b", b"a/a"])
@example(BASE, [("renew", b"a"), ("write", b"a/b", b"z"), ("write", b"a/c\xff\n", b"z")], [b"a/c\xff\n", b"a/b"])
def test_it_is_exactly_what_it_was(place, options, base, session, paths):
    check(place, base, session, paths, options)


@given(BASES, SESSIONS, st.lists(PATHS, min_size=1, max_size=3))
@settings(derandomize=True, database=None, deadline=None, max_examples=20)
def test_with_user_attributes(place, base, session, paths):
    check(place, base, session, paths, b"userxattr")


def test_what_is_not_kept_is_as_in_the_base(case):
    write(f"{case}/base/etc/motd", "base")
    with union(case):
        write(f"{case}/merged/etc/motd", "session")
        write(f"{case}/merged/home/ann/notes", "kept")
        write(f"{case}/merged/home/ann/lost", "")
        steps = reset(case, [f"{case}/merged/home/ann/notes", f"{case}/merged/etc/none"])["steps"]
        assert [step["step"] for step in steps if step["step"] in ("copy_up", "keep")] == ["copy_up", "copy_up", "keep"]
        with open(f"{case}/merged/etc/motd", encoding="utf-8") as stream:
            assert stream.read() == "base"
        assert os.listdir(f"{case}/merged/home/ann") == ["notes"]


def test_what_fails_is_undone(case):
    """Neither can the new union be mounted nor the old one: the base is gone."""
    with contextlib.suppress(OSError), union(case):
        write(f"{case}/merged/home/ann/notes", "kept")
        write(f"{case}/merged/other", "")
        os.utime(f"{case}/merged/home/ann", ns=(1, 42))
        before = exact(os.fsencode(f"{case}/upper"))
        os.rename(f"{case}/base", f"{case}/elsewhere")
        with pytest.raises(_engine.Stopped) as caught:
            reset(case, [f"{case}/merged/home/ann/notes"])
        os.rename(f"{case}/elsewhere", f"{case}/base")
        assert "give_back" in [step["step"] for step in _engine.failure(caught.value)["undone"]]
        assert exact(os.fsencode(f"{case}/upper")) == before


def test_a_link_is_not_followed(case):
    """It took the place of a folder meanwhile."""
    os.makedirs(f"{case}/work/secret")
    write(f"{case}/base/first", "")
    os.symlink(f"{case}/work", f"{case}/base/folder")
    step = Keep(f"{case}/upper", f"{case}/base", ("/first", "/folder/secret"), "overlay")
    with pytest.raises(OverlayrootError, match="^keep .*: Not a directory"):
        do(step, EFFECTS[Keep])
    assert os.listdir(f"{case}/work") == ["secret"]
    assert sorted(os.listdir(f"{case}/base")) == ["first", "folder"]
    os.mkdir(f"{case}/upper")


def test_what_was_given_back_can_be_given_back_again(case):
    write(f"{case}/base/a/b", "")
    before = exact(os.fsencode(f"{case}/base"))
    step = Keep(f"{case}/upper", f"{case}/base", ("/a/b", "/a/c"), "overlay")
    do(step, EFFECTS[Keep])
    assert os.listdir(f"{case}/base/a") == []
    do(GiveBack(*step), EFFECTS[GiveBack])
    assert exact(os.fsencode(f"{case}/base")) == before
    os.mkdir(f"{case}/upper")
