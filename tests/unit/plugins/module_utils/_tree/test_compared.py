# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generations compared with each other, as the kernel shows them."""

from __future__ import annotations

import itertools
import os
import shutil

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.comparison import Part
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.changes import changes
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import compared
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.text import unified
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import differences, read
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import mounted, scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import BASES, SESSIONS, perform
from hypothesis import example, given, settings
from hypothesis import strategies as st

OPTIONS = b"index=off,redirect_dir=on,metacopy=on"


@pytest.fixture(scope="module", name="place")
def fixture_place():
    with scratch() as folder:
        yield folder


class Case:
    """A folder in which layers are written and generations are mounted."""

    def __init__(self, place):
        self.folder = place + b"/case"
        self.numbers = itertools.count()
        os.mkdir(self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        shutil.rmtree(self.folder)

    def new(self, *names):
        """Folders of these names in a new one."""
        above = self.folder + b"/%d" % next(self.numbers)
        os.mkdir(above)
        for name in names:
            os.mkdir(above + b"/" + name)
        return [above + b"/" + name for name in names]

    def base(self, session):
        (folder,) = self.new(b"base")
        perform(folder, session)
        return (folder,)

    def over(self, layers, *sessions):
        """With a layer of each session on top."""
        for session in sessions:
            upper, work, merged = self.new(b"upper", b"work", b"merged")
            with mounted(merged, layers, upper, work, OPTIONS):
                perform(merged, session)
            layers = (upper, *layers)
        return layers

    def shown(self, layers):
        nothing, merged = self.new(b"nothing", b"merged")
        with mounted(merged, [*layers, nothing], options=OPTIONS):
            return read(merged)


def part(new, old, path="/"):
    return Part(path, *(tuple(map(os.fsdecode, layers)) for layers in (new, old)))


def said(*parts):
    """The changes as a plain comparison gives them."""
    with compared(parts, "overlay") as opened:
        found = list(changes(opened))
    paths = [os.fsencode(change.path) for change in found]
    assert paths == sorted(paths, key=lambda path: path.rstrip(b"/").split(b"/"))
    assert len(paths) == len(set(paths))
    kinds = ("attributes" if change.kind == "opaque" else change.kind for change in found)
    plain = {path: (kind, tuple(sorted(change.attributes))) for path, kind, change in zip(paths, kinds, found)}
    return {path: what for path, what in plain.items() if what != ("attributes", ())}


BOUNDED = settings(derandomize=True, database=None, deadline=None, max_examples=150)
BRANCH = st.lists(SESSIONS, max_size=2)
FOLDER = [("mkdir", b"a"), ("write", b"a/b", b"x"), ("mkdir", b"a/a"), ("write", b"a/a/b", b"y"), ("write", b"b", b"xy\n")]


@given(BASES, BRANCH, BRANCH, BRANCH)
@BOUNDED
@example(FOLDER, [], [[("renew", b"a"), ("write", b"a/b", b"z")]], [[("chmod", b"a/a"), ("write", b"a/b", b"y")]])
@example(FOLDER, [], [[("rename", b"a", b"b/a"), ("rename", b"a", b"c\xff\n")]], [[("remove", b"a/a")]])
@example(FOLDER, [[("remove", b"a/a")]], [[("mkdir", b"a/a")]], [[("write", b"a/a", b"x")]])
@example(FOLDER, [[("rename", b"a", b"c\xff\n")]], [[("write", b"c\xff\n/b", b"z")]], [[("remove", b"c\xff\n/b")]])
def test_generations_differ_as_what_the_kernel_shows_of_them(place, base, common, one, other):
    with Case(place) as case:
        below = case.over(case.base(base), *common)
        new, old = case.over(below, *one), case.over(below, *other)
        assert said(part(new, old)) == differences(case.shown(new), case.shown(old))


@given(BASES, BASES, BRANCH, BRANCH)
@settings(BOUNDED, max_examples=50)
def test_generations_that_share_nothing(place, base, other_base, one, other):
    with Case(place) as case:
        new, old = case.over(case.base(base), *one), case.over(case.base(other_base), *other)
        assert said(part(new, old)) == differences(case.shown(new), case.shown(old))


class Host(Case):
    """With /usr on a file system of its own: what is saved of it lies in the layers there."""

    def start(self, base, usr):
        (self.usr,) = self.base(usr)
        return self.base([*base, ("mkdir", b"usr")])

    def save(self, layers, *saves):
        for session, in_usr in saves:
            usr = self.of_usr(layers)
            layers = self.over(layers, session)
            if in_usr is not None:
                os.rename(self.over(usr, in_usr)[0], layers[0] + b"/usr")
        return layers

    def of_usr(self, layers):
        return (*(layer + b"/usr" for layer in layers[:-1] if os.path.isdir(layer + b"/usr")), self.usr)

    def shown(self, layers):
        nothing, merged = self.new(b"nothing", b"merged")
        with mounted(merged, [*layers, nothing], options=OPTIONS):
            with mounted(merged + b"/usr", [*self.of_usr(layers), nothing], options=OPTIONS):
                return read(merged)

    def parts(self, new, old):
        usr = ((*(layer + b"/usr" for layer in layers[:-1]), self.usr) for layers in (new, old))
        return part(new, old), part(*usr, "/usr")


SAVES = st.lists(st.tuples(SESSIONS, st.none() | SESSIONS), max_size=2)
MOVED = ("rename", b"a/a", b"c\xff\n")
OTHER = [("mkdir", b"a"), ("mkdir", b"a/a"), ("write", b"a/a/b", b"other")]


@given(BASES, BASES, SAVES, SAVES, SAVES)
@settings(BOUNDED, max_examples=100)
@example(FOLDER, OTHER, [([MOVED], [MOVED])], [([], [("chmod", b"c\xff\n/b")])], [])
@example(FOLDER, OTHER, [], [([("remove", b"a")], [MOVED])], [([MOVED], [("chmod", b"a/a/b")])])
def test_other_file_systems_are_in_the_layers_where_they_are_mounted(place, base, usr, common, one, other):
    """Redirects in them begin at their own root."""
    with Host(place) as host:
        below = host.save(host.start(base, usr), *common)
        new, old = host.save(below, *one), host.save(below, *other)
        assert said(*host.parts(new, old)) == differences(host.shown(new), host.shown(old))


def test_the_text_of_a_file_on_another_file_system(place):
    with Host(place) as host:
        old = host.save(host.start(FOLDER, FOLDER), ([("write", b"a/b", b"root\n")], [MOVED]))
        new = host.save(old, ([], [("write", b"c\xff\n/b", b"z\n")]))
        with compared(host.parts(new, old), "overlay") as parts:
            names = "generation 1", "generation 2"
            text = unified(parts, "/usr/c\udcff\n/b", names)
            assert text.splitlines()[3:] == ["-y", "\\ No newline at end of file", "+z"]
            assert text.startswith("--- /usr/c\udcff\\n/b (generation 1)\n+++ /usr/c\udcff\\n/b (generation 2)\n")
            assert unified(parts, "/a/b", names) == ""


def test_what_no_layer_speaks_of_is_not_read(place):
    """To read a folder changes its access time, where that was long ago."""
    with Case(place) as case:
        (base,) = case.base([("mkdir", b"a"), ("mkdir", b"a/a"), ("mkdir", b"b"), ("write", b"b/a", b"x"), ("write", b"a/b", b"x")])
        below = case.over((base,), [("chmod", b"a/b")])
        new, old = case.over(below, [("write", b"a/b", b"y")]), case.over(below, [("write", b"a/b", b"z")])
        folders = [base, base + b"/a", base + b"/a/a", base + b"/b"]
        for folder in folders:
            os.utime(folder, ns=(0, 0))
        found = said(part(new, old))
        assert [os.stat(folder).st_atime for folder in folders] == [0, 0, 0, 0]
        assert found[b"/a/b"] == ("modified", ("mtime",))
        assert set(found) <= {b"/", b"/a/b"}
        os.listdir(base)
        assert os.stat(base).st_atime > 0
