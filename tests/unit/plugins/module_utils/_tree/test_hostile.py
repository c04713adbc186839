# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever owns the upper does what they like to it, and while it is read."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.comparison import Part
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._tree import content, layers
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.changes import changes
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import opened
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.text import unified
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.attacks import RACER, nest
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import scratch


@pytest.fixture(scope="module", name="tmpfs")
def fixture_tmpfs():
    with scratch() as folder:
        yield os.fsdecode(folder)


@pytest.fixture(name="tree")
def fixture_tree(tmpfs, request):
    """Folders upper, lower and secret, the last of which nothing may lead to."""
    top = f"{tmpfs}/{request.node.name.replace('/', '_')}"
    for name in ("upper", "lower", "secret"):
        os.makedirs(f"{top}/{name}")
    with open(f"{top}/secret/treasure", "w", encoding="ascii") as stream:
        stream.write("gold")
    return top


def found(top, format_="overlay"):
    with opened([f"{top}/upper", f"{top}/lower"], format_) as roots:
        return [(change.path, change.kind) for change in changes([Part("/", roots, roots[1:])]) if change.path != "/"]


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture(name="few_descriptors")
def fixture_few_descriptors():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(400, limits[0]), limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("few_descriptors")
def test_a_very_deep_tree(tree):
    before = descriptors()
    for layer in ("upper", "lower"):
        os.close(nest(f"{tree}/{layer}", 2500))
    deepest = nest(f"{tree}/upper/d", 0)
    os.mkdir("side", dir_fd=deepest)
    os.close(deepest)
    os.mkdir(f"{tree}/upper/z")
    shown = found(tree)
    assert [path for path, kind in shown if kind == "added"] == ["/d/side", "/z"]
    assert max(len(path) for path, _kind in shown) == 5000
    os.close(nest(f"{tree}/upper/z", 2500))
    assert len([path for path, kind in found(tree) if kind == "added"]) == 2502
    assert descriptors() == before


def test_a_deep_folder_that_is_moved_while_it_is_read(tree, monkeypatch):
    monkeypatch.setattr("ansible_collections.labs.overlayroot.plugins.module_utils._tree.walk._DESCRIPTORS", 8)
    os.close(nest(f"{tree}/upper", 20))
    before = descriptors()
    with pytest.raises(OverlayrootError, match="was moved while it was read"):
        with opened([f"{tree}/upper", f"{tree}/lower"], "overlay") as roots:
            for change in changes([Part("/", roots, roots[1:])]):
                if change.path.count("/") == 20:
                    os.rename(f"{tree}/upper/d/d/d/d", f"{tree}/secret/d")
    assert descriptors() == before


def test_links_are_never_followed(tree):
    os.symlink("../secret", f"{tree}/upper/folder")
    os.mkdir(f"{tree}/lower/folder")
    os.mkdir(f"{tree}/upper/below")
    os.symlink("../secret", f"{tree}/lower/below")
    os.symlink(f"{tree}/secret/treasure", f"{tree}/upper/file")
    assert found(tree) == [("/below", "type"), ("/file", "added"), ("/folder", "type")]
    with opened([f"{tree}/upper", f"{tree}/lower"], "overlay") as roots:
        assert unified([Part("/", roots, roots[1:])], "/folder/treasure", ("below", "now")) == ""
        assert "gold" not in unified([Part("/", roots, roots[1:])], "/file", ("below", "now"))


def test_a_layer_is_no_link(tree):
    os.symlink("secret", f"{tree}/link")
    with pytest.raises(OverlayrootError, match="cannot be opened"):
        with opened([f"{tree}/link", f"{tree}/lower"], "overlay"):
            pass


def test_what_is_no_regular_file_is_never_opened_to_be_read(tree):
    os.mkfifo(f"{tree}/upper/fifo")
    os.mknod(f"{tree}/upper/device", 0o600 | 0o020000, os.makedev(10, 130))
    os.symlink("../secret/treasure", f"{tree}/upper/link")
    above = os.open(f"{tree}/upper", os.O_RDONLY)
    before = descriptors()
    for name in ("fifo", "device", "link"):
        with pytest.raises(FileNotFoundError):
            content.open_file(above, name)
    assert descriptors() == before
    os.close(above)


def test_a_racing_process_leads_nowhere(tree):
    for layer in ("upper", "lower"):
        os.makedirs(f"{tree}/{layer}/folder/inner")
        with open(f"{tree}/{layer}/file", "w", encoding="ascii") as stream:
            stream.write(layer)
    # A folder with a mark is opened twice.
    os.setxattr(f"{tree}/upper/folder", "trusted.overlay.opaque", b"y")
    os.symlink("../secret", f"{tree}/upper/folder.bait")
    os.mkfifo(f"{tree}/upper/file.bait")
    before = descriptors()
    with subprocess.Popen([sys.executable, "-c", RACER, f"{tree}/upper", "folder", "file"]) as racer:
        try:
            end = time.monotonic() + 3
            rounds = 0
            while time.monotonic() < end:
                paths = {path for path, _kind in found(tree)}
                assert not any("treasure" in path for path in paths)
                with opened([f"{tree}/upper", f"{tree}/lower"], "overlay") as roots:
                    assert "gold" not in unified([Part("/", roots, roots[1:])], "/folder/treasure", ("below", "now"))
                rounds += 1
        finally:
            racer.kill()
    assert rounds > 10
    assert descriptors() == before


@pytest.mark.parametrize("redirect", ["", "/", "..", ".", "../secret", "/../secret", "/a//b", "a/b", "/a/.", "/a/"])
def test_a_redirect_that_no_union_makes(tree, redirect):
    os.mkdir(f"{tree}/upper/folder")
    os.setxattr(f"{tree}/upper/folder", "trusted.overlay.redirect", redirect.encode())
    with pytest.raises(OverlayrootError, match="is none that a union makes"):
        found(tree)


def test_a_redirect_goes_through_no_link(tree):
    os.symlink("../secret", f"{tree}/lower/link")
    os.mkdir(f"{tree}/secret/inner")
    os.mkdir(f"{tree}/upper/folder")
    os.setxattr(f"{tree}/upper/folder", "trusted.overlay.redirect", b"/link/inner")
    with pytest.raises(OverlayrootError, match="leads to /link/inner, which is in none of the layers below"):
        found(tree)


@pytest.mark.parametrize("attribute", ["redirect", "metacopy"])
def test_what_any_user_could_set_is_not_followed(tree, attribute):
    """Where the union has userxattr, the upper's attributes are those of whoever owns it."""
    os.mkdir(f"{tree}/upper/folder")
    try:
        os.setxattr(f"{tree}/upper/folder", f"user.overlay.{attribute}", b"/secret")
    except OSError:
        pytest.skip("tmpfs has no user attributes here")
    with pytest.raises(OverlayrootError, match="which is not followed"):
        found(tree, "overlay_userxattr")


def test_metacopy_without_data(tree):
    for layer in ("upper", "lower"):
        with open(f"{tree}/{layer}/file", "w", encoding="ascii") as stream:
            stream.truncate(5)
    os.setxattr(f"{tree}/upper/file", "trusted.overlay.metacopy", b"")
    assert found(tree) in ([("/file", "attributes")], [])
    os.setxattr(f"{tree}/upper/file", "trusted.overlay.redirect", b"/gone")
    with pytest.raises(OverlayrootError, match="metacopy of gone: leads to /gone, which is in none of the layers below"):
        found(tree)


def test_attributes_of_odd_sizes(tree):
    """Only what a union writes means something."""
    for number, value in enumerate((b"", b"yes", b"y\0", b"y" * 3000)):
        os.makedirs(f"{tree}/upper/{number}")
        os.makedirs(f"{tree}/lower/{number}/kept")
        os.setxattr(f"{tree}/upper/{number}", "trusted.overlay.opaque", value)
        os.setxattr(f"{tree}/upper/{number}", "user.none", b"")
    assert {kind for _path, kind in found(tree)} == {"attributes"}


def test_a_stream_that_is_not_read_to_its_end(tree):
    os.close(nest(f"{tree}/upper", 5))
    before = descriptors()
    with opened([f"{tree}/upper", f"{tree}/lower"], "overlay") as roots:
        stream = changes([Part("/", roots, roots[1:])])
        for _change in range(3):
            next(stream)
        stream.close()
    assert descriptors() == before


def test_an_error_names_the_path(tree, monkeypatch):
    os.makedirs(f"{tree}/upper/folder/inner")
    enter = layers.FORMATS["overlay"].enter

    def refuse(self, name):
        if name == "inner":
            raise PermissionError(13, "Permission denied")
        return enter(self, name)

    monkeypatch.setattr(layers.FORMATS["overlay"], "enter", refuse)
    before = descriptors()
    with pytest.raises(OverlayrootError, match="^/folder/inner: cannot be read: Permission denied"):
        found(tree)
    assert descriptors() == before


def test_without_the_right_to_see_trusted_attributes(tree, monkeypatch):
    monkeypatch.setattr(layers, "_may_read_trusted", lambda: False)
    with pytest.raises(OverlayrootError, match="trusted attributes"):
        found(tree)
    assert found(tree, "overlay_userxattr") == []
