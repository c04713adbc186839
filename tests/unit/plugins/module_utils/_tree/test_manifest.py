# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import shutil

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._tree import manifest as manifest_module
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import opened
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.manifest import manifest
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import scratch


@pytest.fixture(scope="module", name="tmpfs")
def fixture_tmpfs():
    with scratch() as folder:
        yield os.fsdecode(folder)


@pytest.fixture(name="tree")
def fixture_tree(tmpfs, request):
    return grow(f"{tmpfs}/{request.node.name}")


def grow(top):
    os.makedirs(f"{top}/folder/inner")
    for name, content in (("file", "content"), ("folder/file", "other"), ("folder/inner/file", "")):
        with open(f"{top}/{name}", "w", encoding="ascii") as stream:
            stream.write(content)
    os.symlink("file", f"{top}/link")
    os.mkfifo(f"{top}/fifo")
    os.mknod(f"{top}/device", 0o600 | 0o020000, os.makedev(1, 3))
    os.link(f"{top}/file", f"{top}/folder/same")
    calm(top)
    return top


def calm(top):
    """All times are the same, so that they give nothing away."""
    for folder, folders, files in os.walk(top, topdown=False):
        for name in (*folders, *files, "."):
            os.utime(f"{folder}/{name}", ns=(0, 0), follow_symlinks=False)


def checksum(top):
    with opened([top], "overlay") as (root,):
        return manifest(root)


def again(path, make, *arguments):
    os.unlink(path)
    make(*arguments)


def put(path, content):
    with open(path, "r+b") as stream:
        stream.write(content)


CHANGES = {
    "data": lambda top: put(f"{top}/file", b"Content"),
    "length": lambda top: put(f"{top}/file", b"content\0"),
    "name": lambda top: os.rename(f"{top}/file", f"{top}/File"),
    "place": lambda top: os.rename(f"{top}/folder/inner", f"{top}/inner"),
    "new folder": lambda top: os.mkdir(f"{top}/new"),
    "mode": lambda top: os.chmod(f"{top}/folder/file", 0o4755),
    "owner": lambda top: os.chown(f"{top}/link", 1, -1, follow_symlinks=False),
    "group": lambda top: os.chown(f"{top}/fifo", -1, 1),
    "attribute": lambda top: os.setxattr(f"{top}/folder/inner", "trusted.note", b""),
    "opaque": lambda top: os.setxattr(f"{top}/folder", "trusted.overlay.opaque", b"y"),
    "of the root": lambda top: os.chmod(top, 0o700),
    "target": lambda top: again(f"{top}/link", os.symlink, "fifo", f"{top}/link"),
    "kind": lambda top: again(f"{top}/fifo", os.mknod, f"{top}/fifo", 0o600 | 0o140000),
    "device": lambda top: again(f"{top}/device", os.mknod, f"{top}/device", 0o600 | 0o020000, os.makedev(1, 5)),
    "group of names": lambda top: again(f"{top}/folder/same", shutil.copy2, f"{top}/file", f"{top}/folder/same"),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
def test_every_change_shows(tree, change):
    before = checksum(tree)
    CHANGES[change](tree)
    calm(tree)
    assert checksum(tree) != before


def test_times_show(tree):
    before = checksum(tree)
    os.utime(f"{tree}/folder", ns=(0, 1))
    assert checksum(tree) != before


def test_what_is_the_same(tmpfs):
    one, other = grow(f"{tmpfs}/one"), grow(f"{tmpfs}/other")
    assert checksum(one) == checksum(other)
    os.setxattr(f"{other}/folder", "trusted.overlay.origin", b"x")
    os.utime(f"{other}/file", ns=(5, 0))
    os.truncate(f"{one}/file", 1 << 16)
    with open(f"{other}/file", "ab") as stream:
        stream.write(bytes((1 << 16) - len("content")))
    calm(one)
    calm(other)
    assert checksum(one) == checksum(other)


def test_a_very_large_folder_is_read_in_parts(tree, monkeypatch):
    before = checksum(tree)
    monkeypatch.setattr(manifest_module, "_NAMES", 2)
    assert checksum(tree) == before


def test_two_trees_side_by_side_are_not_one_in_the_other(tmpfs):
    os.makedirs(f"{tmpfs}/beside/a/b")
    os.makedirs(f"{tmpfs}/beside/c")
    os.makedirs(f"{tmpfs}/below/a/b/c")
    for top in ("beside", "below"):
        calm(f"{tmpfs}/{top}")
    assert checksum(f"{tmpfs}/beside") != checksum(f"{tmpfs}/below")
