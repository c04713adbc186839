# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches as the real program writes them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.copy import save
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import opened
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.exact_comparison import exact
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import differences, read
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import CONTENTS, PATHS, perform
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.test_changes import part, said
from hypothesis import example, given, settings
from hypothesis import strategies as st

PROGRAM = shutil.which("unionfs-fuse")
pytestmark = pytest.mark.skipif(
    not (PROGRAM and os.path.exists("/dev/fuse") and os.geteuid() == 0), reason="needs root, unionfs-fuse and /dev/fuse"
)

# What the program carries out as it should: its times of folders, and its links, are not those of other file systems.
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["mkdir", "remove", "renew", "chmod"]), PATHS),
    st.tuples(st.just("rename"), PATHS, PATHS),
    st.tuples(st.just("write"), PATHS, CONTENTS),
)
SESSIONS = st.lists(OPERATIONS, min_size=1, max_size=20)
TREE = [("mkdir", b"a"), ("write", b"a/b", b"x"), ("mkdir", b"a/a"), ("write", b"a/a/b", b"y"), ("write", b"b", b"xy\n")]


@pytest.fixture(scope="module", name="place")
def fixture_place():
    with scratch() as folder:
        yield folder


@contextlib.contextmanager
def mounted(folder, layers):
    branches = b":".join([layers[0] + b"=RW", *(layer + b"=RO" for layer in layers[1:])])
    options = b"cow,hide_meta_files,attr_timeout=0,entry_timeout=0"
    subprocess.run([PROGRAM, b"-o", options, branches, folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def without_times(tree):
    return {path: (kind, content, {**attributes, "mtime": 0}) for path, (kind, content, attributes) in tree.items()}


@given(st.lists(OPERATIONS, min_size=5, max_size=20), st.lists(SESSIONS, min_size=1, max_size=2))
@settings(derandomize=True, database=None, deadline=None, max_examples=30)
@example(TREE, [[("renew", b"a"), ("write", b"a/b", b"new")], [("remove", b"a"), ("write", b"a", b"x")]])
@example(TREE, [[("remove", b"a/a"), ("write", b"b", b"longer")], [("mkdir", b"a/a"), ("write", b"a/a/a", b"x")]])
def test_what_a_branch_says_is_what_the_program_shows(place, base, sessions):
    case = place + b"/case"
    os.mkdir(case)
    try:
        for name in (b"base", b"merged", b"layers"):
            os.mkdir(case + b"/" + name)
        perform(case + b"/base", base)
        layers = [case + b"/base"]
        before = without_times(read(case + b"/base"))
        for number, session in enumerate(sessions):
            upper = case + b"/upper%d" % number
            os.mkdir(upper)
            with mounted(case + b"/merged", [upper, *layers]) as merged:
                perform(merged, session)
                after = without_times(read(merged))
            layers.insert(0, upper)
            found = said([part(layers, layers[1:])], "unionfs_fuse")
            assert without_mtime(found) == without_mtime(differences(after, before))
            layers[0] = saved(case, upper, number)
            with mounted(case + b"/merged", [case + b"/layers/none", *layers]) as merged:
                assert without_times(read(merged)) == after
            before = after
    finally:
        shutil.rmtree(case)


def saved(case, upper, number):
    """The layer, which is the same as the branch, and shows the same."""
    above = os.open(case + b"/layers", os.O_RDONLY)
    try:
        with opened([os.fsdecode(upper)], "unionfs_fuse") as (root,):
            assert save([("/", root, None)], above, str(number)).changed == ()
    finally:
        os.close(above)
    layer = case + b"/layers/%d" % number
    assert exact(layer) == exact(upper)
    shutil.rmtree(case + b"/layers/none", ignore_errors=True)
    os.mkdir(case + b"/layers/none")
    return layer


def without_mtime(found):
    kinds = {path: (kind, tuple(name for name in names if name != "mtime")) for path, (kind, names) in found.items()}
    return {path: change for path, change in kinds.items() if change != ("attributes", ())}
