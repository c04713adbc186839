# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import mmap
import os

from ansible_collections.labs.overlayroot.plugins.module_utils._host.users import users


def ours(found):
    return [text for text in found if f"(pid {os.getpid()}," in text]


def test_nobody(tmp_path):
    assert users(str(tmp_path)) == []


def test_an_open_file(tmp_path):
    with open(tmp_path / "file", "w", encoding="utf-8"):
        (found,) = ours(users(str(tmp_path)))
    assert found.endswith("fd)")


def test_a_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (found,) = ours(users(str(tmp_path)))
    assert "cwd" in found


def test_a_map(tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 4096)
    with open(tmp_path / "file", "rb") as stream:
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    (found,) = ours(users(str(tmp_path)))
    mapped.close()
    assert "map_files" in found


def test_a_name_that_only_begins_alike(tmp_path):
    (tmp_path / "ab").mkdir()
    with open(tmp_path / "ab/file", "w", encoding="utf-8"):
        assert ours(users(str(tmp_path / "a"))) == []
