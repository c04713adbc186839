# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.comparison import Part
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._tree import text
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.layers import opened


@pytest.fixture(name="diff")
def fixture_diff(tmp_path):
    """Writes what the files are to hold below and now, and compares one path."""

    def diff(path, below=None, now=None):
        for name, held in (("upper", now), ("lower", below)):
            file = tmp_path / name / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(held, str):
                file.symlink_to(held)
            elif held is not None:
                file.write_bytes(held)
        # What the format says makes no difference here, and this one needs no privilege.
        with opened([f"{tmp_path}/upper", f"{tmp_path}/lower"], "aufs") as roots:
            return text.unified([Part("/", roots, roots[1:])], path, ("below", "now"))

    return diff


def test_a_modified_file(diff):
    assert diff("/etc/motd", b"a\nb\n", b"a\nc\n") == (
        "--- /etc/motd (below)\n+++ /etc/motd (now)\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    )


def test_an_added_file(diff):
    assert diff("/f", now=b"x\n").endswith("@@ -0,0 +1 @@\n+x\n")


def test_a_deleted_file(diff, tmp_path):
    (tmp_path / "upper").mkdir()
    (tmp_path / "upper/.wh.f").touch()
    assert diff("/f", below=b"x\n").endswith("@@ -1 +0,0 @@\n-x\n")


def test_nothing_to_say(diff):
    assert diff("/same", b"x\n", b"x\n") == ""
    assert diff("/none/at/all") == ""


def test_binary_files(diff):
    assert diff("/f", b"a\0b", b"a\0c") == "Binary files /f (below) and /f (now) differ\n"


def test_bytes_that_are_no_text(diff):
    assert "-caf\udce9\n+caf\udcc3\n" in diff("/f\udcff", b"caf\xe9\n", b"caf\xc3\n")


def test_a_link_is_where_it_leads_to(diff):
    assert diff("/l", "/etc/shadow", "/etc/passwd").endswith("-/etc/shadow\n+/etc/passwd\n")


def test_a_name_cannot_pass_for_more_lines(diff):
    assert diff("/a\n+++ b", b"x\n", b"y\n").count("\n") == 5


def test_long_files(diff, monkeypatch):
    monkeypatch.setattr(text, "_LONGEST", 1 << 20)
    with pytest.raises(OverlayrootError, match="is longer than 1 MiB"):
        diff("/f", b"", bytes((1 << 20) + 1))


def test_what_has_no_text(diff, tmp_path):
    (tmp_path / "upper").mkdir()
    os.mkfifo(tmp_path / "upper/f")
    for path in ("/f", "/"):
        with pytest.raises(OverlayrootError, match="is neither a file nor a link"):
            diff(path) if path == "/f" else diff_root(tmp_path)


def diff_root(tmp_path):
    with opened([f"{tmp_path}/upper", f"{tmp_path}/lower"], "aufs") as roots:
        return text.unified([Part("/", roots, roots[1:])], "/", ("below", "now"))
