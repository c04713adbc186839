# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.comparison import Part
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.changes import changes
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import compared
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import differences, read
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import mounted, scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import BASES, SESSIONS, perform
from hypothesis import example, given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module", name="place")
def fixture_place():
    with scratch() as folder:
        yield folder


def part(new, old, path="/"):
    return Part(path, *(tuple(map(os.fsdecode, layers)) for layers in (new, old)))


def said(parts, format_="overlay"):
    """The changes as a plain comparison gives them."""
    with compared(parts, format_) as opened:
        found = list(changes(opened))
    paths = [os.fsencode(change.path) for change in found]
    assert paths == sorted(paths, key=lambda path: path.rstrip(b"/").split(b"/"))
    assert len(paths) == len(set(paths))
    plain = {}
    for path, change in zip(paths, found):
        kind = "attributes" if change.kind == "opaque" else change.kind
        if kind != "attributes" or change.attributes:
            plain[path] = kind, tuple(sorted(change.attributes))
    return plain


def check(place, base, sessions, options, format_="overlay"):
    """Each session is written over the layers before it, then its upper is compared with them."""
    case = place + b"/case"
    os.mkdir(case)
    try:
        for name in (b"base", b"merged", b"below", b"none"):
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
                with mounted(case + b"/below", [*layers, case + b"/none"], options=options) as below:
                    expected = differences(read(merged), read(below))
            layers.insert(0, upper)
            assert said([part(layers, layers[1:])], format_) == expected
    finally:
        shutil.rmtree(case)


BOUNDED = settings(derandomize=True, database=None, deadline=None, max_examples=80)
REDIRECT = b"index=off,redirect_dir=on"
FOLDER = [("mkdir", b"a"), ("write", b"a/b", b"x"), ("mkdir", b"a/a"), ("write", b"a/a/b", b"y"), ("write", b"b", b"xy\n")]
NESTED = [("mkdir", b"a"), ("mkdir", b"a/a"), ("mkdir", b"a/a/a"), ("write", b"a/a/a/b", b"x")]
BESIDE = [("mkdir", b"b"), ("mkdir", b"b/a"), ("mkdir", b"b/a/b"), ("write", b"b/a/b/a", b"y")]


@pytest.mark.parametrize("options", [REDIRECT + b",metacopy=off", REDIRECT + b",metacopy=on", b"index=off,redirect_dir=nofollow"])
@given(BASES, st.lists(SESSIONS, min_size=1, max_size=2))
@BOUNDED
@example(FOLDER, [[("rename", b"a", b"c\xff\n")], [("rename", b"c\xff\n/a", b"a"), ("write", b"a/b", b"z")]])
@example(FOLDER, [[("rename", b"a/a", b"a/b"), ("rename", b"a", b"b")], [("chmod", b"b/b"), ("renew", b"a")]])
@example(FOLDER, [[("rename", b"a/b", b"b"), ("chmod", b"b")], [("chmod", b"b"), ("rename", b"b", b"a/b")]])
@example(FOLDER, [[("renew", b"a"), ("write", b"a/b", b"x")], [("write in secret", b"a/b"), ("copy up", b"b")]])
@example(FOLDER, [[("remove", b"a"), ("write", b"a", b"x")], [("remove", b"a"), ("mkdir", b"a"), ("remove", b"b"), ("fifo", b"b")]])
@example(
    # Two parts of the path that the last redirect leads to are redirected themselves.
    NESTED, [[("rename", b"a", b"b"), ("rename", b"b/a", b"b/b")], [("rename", b"b/b/a", b"a"), ("write", b"a/a", b"z")]]
)
@example(
    NESTED + BESIDE,
    [[("rename", b"a", b"c\xff\n"), ("renew", b"b/a"), ("rename", b"b", b"a")], [("rename", b"c\xff\n/a/a", b"a/a/a")]],
)
def test_changes_are_those_of_a_plain_comparison(place, options, base, sessions):
    check(place, base, sessions, options)


@given(BASES, SESSIONS)
@BOUNDED
@example(FOLDER, [("renew", b"a"), ("write", b"a/b", b"x")])
def test_with_user_attributes(place, base, session):
    check(place, base, [session], b"userxattr", "overlay_userxattr")
