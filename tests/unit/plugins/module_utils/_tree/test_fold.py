# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from functools import partial

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.copy import save
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.fold import fold
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import opened
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import read
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import emptied, mounted, scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import BASES, SESSIONS, perform
from hypothesis import example, given, settings
from hypothesis import strategies as st

BOUNDED = settings(derandomize=True, database=None, deadline=None, max_examples=80)
TREE = [("mkdir", b"a"), ("write", b"a/b", b"x"), ("mkdir", b"a/a"), ("write", b"a/a/b", b"y"), ("mkdir", b"b"), ("write", b"b/a", b"z")]


@pytest.fixture(scope="module", name="place")
def fixture_place():
    with scratch() as folder:
        yield folder


def folded(upper, older, layers, name, format):
    above = os.open(layers, os.O_RDONLY)
    try:
        with opened([os.fsdecode(upper)], format) as (root,), opened([os.fsdecode(older)], format) as (below,):
            save([("/", root, None)], above, name, fold=partial(fold, [below], ["/"], lambda *counts: None))
    finally:
        os.close(above)


def check(place, base, sessions, options, format):
    """Each session is folded into the layer of those before it; the union is what it was."""
    with emptied(place + b"/case") as case:
        for name in (b"base", b"merged", b"layers", b"layers/0", b"none"):
            os.mkdir(case + b"/" + name)
        perform(case + b"/base", base)
        for number, session in enumerate(sessions, 1):
            layers = [case + b"/layers/%d" % (number - 1), case + b"/base"]
            upper, work = (case + b"/%s%d" % (name, number) for name in (b"upper", b"work"))
            os.mkdir(upper)
            os.mkdir(work)
            with mounted(case + b"/merged", layers, upper, work, options) as merged:
                perform(merged, session)
            with mounted(case + b"/merged", layers, upper, work, options) as merged:
                before = read(merged)
            folded(upper, layers[0], case + b"/layers", str(number), format)
            with mounted(case + b"/merged", [case + b"/layers/%d" % number, *layers[1:]], options=options) as merged:
                assert read(merged) == before


@given(BASES, st.lists(SESSIONS, min_size=2, max_size=3))
@BOUNDED
@example(TREE, [[("rename", b"a", b"c\xff\n")], [("rename", b"c\xff\n", b"a")]])
@example(TREE, [[("rename", b"a", b"c\xff\n")], [("rename", b"c\xff\n/a", b"a"), ("write", b"a/a", b"z")]])
@example(TREE, [[("rename", b"a/a", b"b/b")], [("rename", b"b", b"c\xff\n")], [("rename", b"c\xff\n/b", b"b")]])
@example(TREE, [[("renew", b"a")], [("rename", b"a", b"b/a"), ("mkdir", b"a")]])
@example(TREE, [[("renew", b"a")], [("write", b"a/c\xff\n", b"x")]])
@example(TREE, [[("remove", b"a"), ("write", b"a", b"")], [("remove", b"a"), ("mkdir", b"a")]])
@example(TREE, [[("write", b"a/c\xff\n", b"x")], [("rename", b"a", b"b/b"), ("rename", b"b/b/a", b"a")]])
@example([], [[("mkdir", b"a"), ("write", b"a/a", b"x")], [("remove", b"a/a")]])
def test_a_fold_shows_what_both_showed(place, base, sessions):
    check(place, base, sessions, b"index=off,redirect_dir=on,metacopy=off", "overlay")


@given(BASES, st.lists(SESSIONS, min_size=2, max_size=3))
@BOUNDED
def test_without_redirects(place, base, sessions):
    check(place, base, sessions, b"index=off,redirect_dir=nofollow,userxattr", "overlay_userxattr")
