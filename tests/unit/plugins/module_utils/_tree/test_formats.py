# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers of each format, made by hand."""

from __future__ import annotations

import os

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.comparison import Part
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.changes import changes
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import opened
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.plain_comparison import (
    differences,
    read,
)
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import mounted, scratch


@pytest.fixture(scope="module", name="tmpfs")
def fixture_tmpfs():
    with scratch() as folder:
        yield os.fsdecode(folder)


def grow(top, *paths):
    """Folders end in a slash; all times are the same."""
    for path in paths:
        os.makedirs(os.path.dirname(f"{top}/{path}"), exist_ok=True)
        if not path.endswith("/"):
            with open(f"{top}/{path}", "w", encoding="ascii"):
                pass
    for folder, folders, files in os.walk(top, topdown=False):
        for name in (*folders, *files, "."):
            os.utime(f"{folder}/{name}", ns=(0, 0))
    return str(top)


def said(layers, format_):
    with opened(layers, format_) as roots:
        return {change.path: change.kind for change in changes([Part("/", roots, roots[1:])])}


def test_aufs(tmp_path):
    base = grow(tmp_path / "base", "same", "gone", "folder/kept", "folder/gone", "new/a", "new/b", "removed/x", "back")
    branch = grow(
        tmp_path / "branch",
        *("same", ".wh.gone", "added", "folder/.wh.gone", "folder/.wh.never", "new/.wh..wh.opq", "new/b"),
        *(
            ".wh.removed",
            ".wh..wh.aufs",
            ".wh..wh.plnk/1.2",
            ".wh..wh.orph/x",
            "new/c",
            "fresh/.wh..wh..opq",
            "fresh/d",
        ),
        *("back", ".wh.back"),
    )
    os.rename(f"{branch}/new/.wh..wh.opq", f"{branch}/new/.wh..wh..opq")
    grow(branch)
    assert said([branch, base], "aufs") == {
        "/added": "added",
        "/folder/gone": "deleted",
        "/fresh": "added",
        "/fresh/d": "added",
        "/gone": "deleted",
        "/new": "opaque",
        "/new/a": "deleted",
        "/new/c": "added",
        "/removed": "deleted",
    }


def test_aufs_over_another_branch(tmp_path):
    """A whiteout in a branch below hides what is below that; it is no file there, either."""
    base = grow(tmp_path / "base", "a", "b", "folder/x", "opaque/x")
    middle = grow(tmp_path / "middle", ".wh.a", "folder/.wh.x", "opaque/.wh..wh..opq", "opaque/y", ".wh.other")
    branch = grow(tmp_path / "branch", "a", ".wh.b", "folder/x", ".wh.opaque", ".wh.other")
    assert said([branch, middle, base], "aufs") == {
        "/a": "added",
        "/b": "deleted",
        "/folder/x": "added",
        "/opaque": "deleted",
    }


def test_a_name_of_aufs_means_nothing_to_overlay(tmpfs):
    base = grow(f"{tmpfs}/names/base", "a")
    upper = grow(f"{tmpfs}/names/upper", ".wh.a")
    assert said([upper, base], "overlay") == {"/.wh.a": "added"}


@pytest.mark.parametrize(
    ("prefix", "format_", "options"),
    [
        ("trusted.overlay.", "overlay", b""),
        ("user.overlay.", "overlay_userxattr", b"userxattr"),
    ],
)
def test_whiteouts_that_are_files(tmpfs, prefix, format_, options):
    """A union in a union has them. The kernel is asked what they mean."""
    top = f"{tmpfs}/{format_}"
    base = grow(f"{top}/base", "folder/gone", "folder/kept", "folder/full")
    layer = grow(f"{top}/layer", "folder/gone", "folder/full", "folder/new")
    with open(f"{layer}/folder/full", "w", encoding="ascii") as stream:
        stream.write("x")
    os.mkdir(f"{top}/merged")
    try:
        for name in ("folder/gone", "folder/full"):
            os.setxattr(f"{layer}/{name}", prefix + "whiteout", b"y")
    except OSError:
        pytest.skip("tmpfs has no user attributes here")
    os.setxattr(f"{layer}/folder", prefix + "opaque", b"x")
    os.setxattr(layer, prefix + "opaque", b"x")
    grow(layer)
    with mounted(os.fsencode(f"{top}/merged"), [os.fsencode(layer), os.fsencode(base)], options=options) as merged:
        expected = differences(read(merged), read(os.fsencode(base)))
    if b"/folder/gone" not in expected:
        pytest.skip("the kernel is too old for them")
    kinds = {os.fsdecode(path): kind for path, (kind, _attributes) in expected.items()}
    assert said([layer, base], format_) == kinds
    assert kinds["/folder/gone"] == "deleted"


def test_what_a_union_in_the_union_calls_its_own(tmpfs):
    """The kernel shows trusted.overlay.overlay.opaque as trusted.overlay.opaque."""
    base = grow(f"{tmpfs}/nested/base", "folder/x")
    upper = grow(f"{tmpfs}/nested/upper", "folder/")
    os.setxattr(f"{upper}/folder", "trusted.overlay.overlay.opaque", b"y")
    os.setxattr(f"{upper}/folder", "trusted.overlay.impure", b"y")
    with opened([upper, base], "overlay") as roots:
        (change,) = changes([Part("/", roots, roots[1:])])
    assert (change.path, change.kind, change.attributes) == ("/folder", "attributes", ("trusted.overlay.opaque",))
