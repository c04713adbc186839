# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import paths
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    "given_path, path",
    [
        (None, None),
        ("/", "/"),
        ("//a//b/./c/", "/a/b/c"),
        ("/a b,c:d\\e\n", "/a b,c:d\\e\n"),
        ("/caf\\xe9", "/caf\udce9"),
        ("/caf\\xc3\\xa9", "/café"),
        ("/a\\x2db", "/a\\x2db"),
        ("/a\\x5cxe9", "/a\\xe9"),
    ],
)
def test_clean(given_path, path):
    assert paths.clean(given_path) == path


@pytest.mark.parametrize("path", ["", "a", "./a", "/a/../b", "/..", "/a\0b"])
def test_not_whole(path):
    with pytest.raises(OverlayrootError, match="not an absolute path"):
        paths.clean(path)


@given(st.binary().filter(lambda raw: b"\0" not in raw))
@settings(derandomize=True, database=None)
def test_any_bytes_can_be_written(raw):
    name = raw.decode("utf-8", "surrogateescape").replace("/", "").replace("..", "")
    path = paths.clean("/") + (name if name != "." else "")
    text = paths.written(path)
    text.encode("utf-8")
    assert paths.clean(text) == path


@given(st.lists(st.sampled_from(["\\", "x", "5", "c", "e9", "\udcff"])).map("".join))
@settings(derandomize=True, database=None)
def test_what_looks_like_a_written_byte_can_be_written(name):
    assert paths.clean(paths.written("/" + name)) == "/" + name


def test_with_parents():
    assert paths.with_parents("/a/b c/d") == ("/a", "/a/b c", "/a/b c/d")
