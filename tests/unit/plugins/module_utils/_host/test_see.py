# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import contextlib
import os
import tempfile

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import mountinfo
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import File, Sight
from ansible_collections.labs.overlayroot.plugins.module_utils._host import see as seeing
from ansible_collections.labs.overlayroot.plugins.module_utils._host.see import see


def test_the_kernel_is_always_seen():
    seen = see(Sight())
    assert mountinfo.visible(seen.mounts, "/proc").fstype == "proc"
    assert "proc" in seen.filesystems
    assert "nodev" not in seen.filesystems
    assert seen.kernel > (3, 0)
    assert seen.memory > 1 << 20
    assert (seen.paths, seen.files, seen.folders) == ({}, {}, {})


def test_paths(tmp_path):
    tmp_path = tmp_path.resolve()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder").chmod(0o750)
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe")
    os.mkdir(os.path.join(os.fsencode(tmp_path), b"\xff"))
    names = ("folder", "file", "link", "link/new", "none", "pipe", "\udcff", "file/below")
    seen = see(Sight(paths=tuple(f"{tmp_path}/{name}" for name in names)))
    info = {name: seen.paths[f"{tmp_path}/{name}"] for name in names}
    assert {name: info[name].kind for name in names} == {
        "folder": "directory",
        "file": "file",
        "link": "directory",
        "link/new": "",
        "none": "",
        "pipe": "other",
        "\udcff": "directory",
        "file/below": "",
    }
    assert info["link/new"].real == f"{tmp_path}/folder/new"
    assert seen.paths[f"{tmp_path}/folder/new"] == info["link/new"]
    assert (info["folder"].mode, info["folder"].uid) == (0o750, os.getuid())
    usage = os.statvfs(tmp_path)
    assert info["folder"].usage.size == usage.f_blocks * usage.f_frsize
    assert info["folder"].usage.inodes == usage.f_files


def as_nobody(function):
    """What a function gives that another user runs."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.setresuid(65534, 65534, 65534)
            os.write(writing, repr(function()).encode())
        os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as stream:
        said = stream.read()
    os.waitpid(child, 0)
    return ast.literal_eval(said)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become somebody else")
def test_what_another_user_may_not_read():
    with tempfile.TemporaryDirectory() as top:
        os.chmod(top, 0o755)
        os.makedirs(f"{top}/closed/folder")
        os.chmod(f"{top}/closed", 0o700)
        for name in ("open", "closed/file", "secret"):
            with open(f"{top}/{name}", "w", encoding="utf-8") as stream:
                stream.write(name)
        os.chmod(f"{top}/secret", 0o600)
        paths = [f"{top}/{name}" for name in ("open", "closed/file", "secret", "none")]
        folders = [f"{top}/closed", f"{top}/closed/folder"]

        def looked():
            seen = see(Sight(files=tuple(paths), folders=tuple(folders)))
            return [path for path in paths if seen.files[path]], seen.unreadable

        assert looked() == (paths[:3], ())
        assert as_nobody(looked) == (paths[:1], (paths[1], paths[2], *folders))


def test_files(tmp_path):
    (tmp_path / "file").write_bytes(b"a\xff\r\n")
    (tmp_path / "file").chmod(0o600)
    asked = (f"{tmp_path}/file", f"{tmp_path}/none")
    assert see(Sight(files=asked)).files == {asked[0]: File("a\udcff\r\n", 0o600), asked[1]: None}


def test_folders(tmp_path):
    (tmp_path / "small").write_text("x\n")
    (tmp_path / "large").write_bytes(bytes(1 << 17))
    (tmp_path / "below").mkdir()
    (tmp_path / "link").symlink_to("small")
    asked = (str(tmp_path), f"{tmp_path}/none", f"{tmp_path}/small")
    assert see(Sight(folders=asked)).folders == {
        asked[0]: {"small": "x\n", "large": None, "below": None, "link": None},
        asked[1]: None,
        asked[2]: None,
    }


def test_the_layers_of_unions(monkeypatch):
    table = "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 0:5 / /m rw - overlay overlay rw,lowerdir=/l:relative,upperdir=/u,workdir=/w\n"
    read = seeing._read
    monkeypatch.setattr(seeing, "_read", lambda path: table if path == "/proc/self/mountinfo" else read(path))
    assert {"/m", "/l", "/u", "/w"} <= set(see(Sight(layers=True)).paths)
    assert "relative" not in see(Sight(layers=True)).paths
    assert see(Sight()).paths == {}


def test_a_module_that_could_be_loaded(monkeypatch):
    for text, expected in (
        ("kernel/fs/overlayfs/overlay.ko.xz:\n", {"overlay"}),
        ("kernel/fs/overlayfs/overlay.ko:\n", {"overlay"}),
        ("kernel/x/notoverlay.ko: kernel/fs/overlayfs/overlay.ko\n", set()),
        ("kernel/fs/aufs/aufs.ko\nkernel/fs/fuse/fuse.ko\n", {"aufs", "fuse"}),
        ("", set()),
    ):
        monkeypatch.setattr(seeing, "_file", lambda path, text=text: File(text))
        assert seeing._loadable("6.1") == expected
    monkeypatch.setattr(seeing, "_file", lambda path: None)
    assert seeing._loadable("6.1") == set()


def test_parameters_of_the_module(monkeypatch):
    monkeypatch.setattr(seeing, "_folder", lambda path: {"index": "Y\n", "metacopy": "N\n", "redirect_max": "256\n"})
    assert seeing._parameters() == {"index": True, "metacopy": False, "redirect_max": False}
    monkeypatch.setattr(seeing, "_folder", lambda path: None)
    assert seeing._parameters() == {}
