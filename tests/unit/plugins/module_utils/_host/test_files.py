# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._host import files


def test_write_makes_a_file(tmp_path):
    files.write(f"{tmp_path}/caf\udce9", "a\udcff\n", 0o640)
    made = os.path.join(os.fsencode(tmp_path), b"caf\xe9")
    with open(made, "rb") as stream:
        assert stream.read() == b"a\xff\n"
    assert stat.S_IMODE(os.stat(made).st_mode) == 0o640
    assert os.listdir(os.fsencode(tmp_path)) == [b"caf\xe9"]


def test_write_keeps_mode_and_attributes(tmp_path):
    file = tmp_path / "file"
    file.write_text("old")
    file.chmod(0o600)
    try:
        os.setxattr(file, "user.note", b"kept")
    except OSError:
        pytest.skip("the temporary folder has no user attributes")
    files.write(str(file), "new", 0o644)
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.getxattr(file, "user.note") == b"kept"


def test_write_replaces_the_file_rather_than_its_content(tmp_path):
    """Who has the old one open, or reads while the power fails, sees the old one whole."""
    (tmp_path / "file").write_text("old")
    os.link(tmp_path / "file", tmp_path / "other")
    files.write(f"{tmp_path}/file", "new", 0o644)
    assert (tmp_path / "other").read_text() == "old"


def test_overwrite_puts_the_content_into_the_file_that_is_there(tmp_path):
    (tmp_path / "file").write_text("a longer text")
    os.link(tmp_path / "file", tmp_path / "other")
    files.overwrite(f"{tmp_path}/file", "new")
    assert (tmp_path / "other").read_text() == "new"
    assert sorted(os.listdir(tmp_path)) == ["file", "other"]


def test_write_survives_what_an_earlier_one_left(tmp_path):
    (tmp_path / ".file.overlayroot").write_text("half")
    files.write(f"{tmp_path}/file", "new", 0o644)
    assert os.listdir(tmp_path) == ["file"]


def test_write_that_fails_leaves_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("old")

    def refuse(*_args, **_kwargs):
        raise OSError(16, "busy")

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(OSError, match="busy"):
        files.write(f"{tmp_path}/file", "new", 0o644)
    assert os.listdir(tmp_path) == ["file"]


def test_no_link_is_followed(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "file").symlink_to("real/target")
    for effect in (
        lambda: files.write(f"{tmp_path}/link/file", "x", 0o644),
        lambda: files.write(f"{tmp_path}/file", "x", 0o644),
        lambda: files.make_dir(f"{tmp_path}/link/new", 0o755, os.getuid(), os.getgid()),
        lambda: files.remove_dir(f"{tmp_path}/link"),
        lambda: files.remove_dir(f"{tmp_path}/link/x"),
        lambda: files.remove(f"{tmp_path}/link/x"),
    ):
        with pytest.raises(OSError):
            effect()
    assert os.listdir(tmp_path / "real") == []
    assert (tmp_path / "file").is_symlink()


def test_folders_come_and_go(tmp_path):
    mask = os.umask(0o077)
    try:
        files.make_dir(f"{tmp_path}/new", 0o1777, os.getuid(), os.getgid())
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o1777
    for _again in range(2):
        files.remove_dir(f"{tmp_path}/new")
    assert os.listdir(tmp_path) == []


def test_a_folder_with_something_in_it_stays(tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new/file").touch()
    with pytest.raises(OSError):
        files.remove_dir(f"{tmp_path}/new")


def test_remove(tmp_path):
    (tmp_path / "file").touch()
    files.remove(f"{tmp_path}/file")
    assert os.listdir(tmp_path) == []


def test_what_a_write_left_that_was_cut_off_goes_with_the_next_one(tmp_path):
    (tmp_path / ".file.overlayroot").touch()
    files.write(f"{tmp_path}/file", "x", 0o644)
    files.remove(f"{tmp_path}/.file.overlayroot")
    assert os.listdir(tmp_path) == ["file"]


def test_no_descriptor_is_left_open(tmp_path):
    def count():
        return len(os.listdir("/proc/self/fd"))

    before = count()
    files.write(f"{tmp_path}/file", "x", 0o644)
    files.write(f"{tmp_path}/file", "y", 0o644)
    with pytest.raises(OSError):
        files.write(f"{tmp_path}/none/file", "y", 0o644)
    assert count() == before
