# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.alike import difference
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.folder import Folder
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.test_manifest import CHANGES, calm, grow


@pytest.fixture(scope="module", name="tmpfs")
def fixture_tmpfs():
    with scratch() as folder:
        yield os.fsdecode(folder)


@pytest.fixture(name="trees")
def fixture_trees(tmpfs, request):
    return [grow(f"{tmpfs}/{request.node.name}.{which}") for which in ("source", "copy")]


def found(source, copy, *more):
    folders = [Folder(os.open(path, os.O_RDONLY), 0) for path in (source, copy)]
    try:
        return difference(*folders, *more)
    finally:
        for folder in folders:
            folder.close()


EXPECTED = {
    "data": ("/file", "content"),
    "length": ("/file", "content"),
    "name": ("/File", "name"),
    "place": ("/folder/inner", "name"),
    "new folder": ("/new", "name"),
    "mode": ("/folder/file", "mode"),
    "owner": ("/link", "owner"),
    "group": ("/fifo", "group"),
    "attribute": ("/folder/inner", "trusted.note"),
    "opaque": ("/folder", "trusted.overlay.opaque"),
    "of the root": ("/", "mode"),
    "target": ("/link", "content"),
    "kind": ("/fifo", "type"),
    "device": ("/device", "content"),
    "group of names": ("/folder/same", "hard links"),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
@pytest.mark.parametrize("changed", [0, 1], ids=["source", "copy"])
def test_every_change_is_found_and_named(trees, changed, change):
    assert found(*trees) is None
    CHANGES[change](trees[changed])
    for tree in trees:
        calm(tree)
    assert found(*trees) == EXPECTED[change]


def test_times_in_other_units(trees):
    os.utime(f"{trees[0]}/folder", ns=(0, 1999999999))
    os.utime(f"{trees[1]}/folder", ns=(0, 1000000000))
    assert found(*trees) == ("/folder", "mtime")
    assert found(*trees, 10**9) is None
    os.utime(f"{trees[1]}/folder", ns=(0, 999999999))
    assert found(*trees, 10**9) == ("/folder", "mtime")


def test_attributes_that_may_go(trees):
    os.setxattr(f"{trees[0]}/link", "trusted.note", b"x", follow_symlinks=False)
    os.setxattr(f"{trees[0]}/link", "trusted.other", b"x", follow_symlinks=False)
    assert found(*trees, 1, ("trusted.note",)) == ("/link", "trusted.other")
    assert found(*trees, 1, ("trusted.note", "trusted.other")) is None


def test_the_same_number_of_names_in_other_groups(trees):
    for tree, pairs in zip(trees, (("ab", "cd"), ("ac", "bd"))):
        for one, other in pairs:
            open(f"{tree}/{one}", "wb").close()
            os.link(f"{tree}/{one}", f"{tree}/{other}")
        calm(tree)
    assert found(*trees) == ("/b", "hard links")
