# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Branches as aufs(5) says that aufs writes them: they are made here from what was there before a session and after it."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.copy import save
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import opened
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.exact_comparison import exact
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import differences, read
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import BASES, SESSIONS, perform
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.test_changes import part, said
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module", name="place")
def fixture_place():
    with scratch() as folder:
        yield folder


class Branch:
    """Of the folder `after` over the folder `before`; `is_opaque` decides for each folder that both have."""

    def __init__(self, top, before, after, is_opaque):
        self.top = top
        self.before = before
        self.after = after
        self.is_opaque = is_opaque

    def write(self):
        os.mkdir(self.top)
        self._folder(b"", self.before)

    def add_bookkeeping(self):
        for bookkeeping in (b".wh..wh.plnk", b".wh..wh.orph"):
            os.mkdir(self.top + b"/" + bookkeeping)
        with open(self.top + b"/.wh..wh.aufs", "wb"):
            pass
        shutil.copystat(self.after, self.top)

    def _folder(self, way, below):
        """`below` is what is seen below it, or None."""
        hidden = set(os.listdir(below + way)) - set(os.listdir(self.after + way)) if below else ()
        for name in hidden:
            with open(self.top + way + b"/.wh." + name, "wb"):
                pass
        for name in os.listdir(self.after + way):
            self._entry(way + b"/" + name, below)
        status = os.lstat(self.after + way)
        os.chown(self.top + way, status.st_uid, status.st_gid)
        shutil.copystat(self.after + way, self.top + way)

    def _entry(self, path, below):
        there = below is not None and os.path.lexists(below + path)
        if not stat.S_ISDIR(os.lstat(self.after + path).st_mode):
            os.link(self.after + path, self.top + path, follow_symlinks=False)
            return
        os.mkdir(self.top + path)
        is_merged = there and stat.S_ISDIR(os.lstat(below + path).st_mode)
        if is_merged and self.is_opaque():
            with open(self.top + path + b"/.wh..wh..opq", "wb"):
                pass
            is_merged = False
        self._folder(path, below if is_merged else None)


@given(BASES, SESSIONS, st.data())
@settings(derandomize=True, database=None, deadline=None, max_examples=80)
def test_what_a_branch_says_and_that_it_is_saved(place, base, session, data):
    case = place + b"/case"
    os.mkdir(case)
    try:
        before, after, top, layers = (case + b"/" + name for name in (b"before", b"after", b"top", b"layers"))
        os.mkdir(before)
        os.mkdir(layers)
        perform(before, base)
        subprocess.run(["cp", "-a", before, after], check=True)
        perform(after, session)
        branch = Branch(top, before, after, lambda: data.draw(st.booleans()))
        branch.write()
        expected = exact(top)
        branch.add_bookkeeping()
        assert said([part([top, before], [before])], "aufs") == differences(read(after), read(before))
        above = os.open(layers, os.O_RDONLY)
        with opened([os.fsdecode(top)], "aufs") as (root,):
            save([("/", root, None)], above, "saved")
        os.close(above)
        saved = layers + b"/saved"
        assert exact(saved) == expected
        assert said([part([saved, before], [before])], "aufs") == differences(read(after), read(before))
    finally:
        shutil.rmtree(case)
