# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives made by the program cpio, compressed by the programs that make initramfs images."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._host import cpio

COMPRESSORS = {"cat": [], "gzip": ["-c"], "bzip2": ["-c"], "xz": ["-c", "--check=crc32"], "lzma": ["-c"], "zstd": ["-qc"], "lz4": ["-lc"]}


def archive(folder, *names):
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"x" * 5000)
    text = "\n".join(names).encode()
    return subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=folder, input=text, stdout=subprocess.PIPE, check=True).stdout


def compressed(content, program):
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    return subprocess.run([program, *COMPRESSORS[program]], input=content, stdout=subprocess.PIPE, check=True).stdout


@pytest.fixture(autouse=True)
def _cpio():
    if not shutil.which("cpio"):
        pytest.skip("cpio is not installed")


@pytest.mark.parametrize("program", COMPRESSORS)
def test_names(tmp_path, program):
    image = tmp_path / "image"
    image.write_bytes(compressed(archive(tmp_path / "files", "init", "conf", "caf\u00e9"), program))
    assert cpio.names(str(image)) == ["init", "conf", "caf\u00e9"]


@pytest.mark.parametrize("program", ["cat", "gzip", "zstd"])
def test_an_archive_of_microcode_comes_first(tmp_path, program):
    early = archive(tmp_path / "early", "microcode.bin")
    image = tmp_path / "image"
    image.write_bytes(early + bytes(4096) + compressed(archive(tmp_path / "files", "init"), program))
    assert cpio.names(str(image)) == ["microcode.bin", "init"]


@pytest.mark.parametrize("program", ["cat", "gzip", "xz", "zstd"])
def test_a_cut_image(tmp_path, program):
    image = tmp_path / "image"
    whole = compressed(archive(tmp_path / "files", "init", "conf"), program)
    image.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OverlayrootError, match="image: is cut off or damaged. Have it made again"):
        cpio.names(str(image))


def test_no_image(tmp_path):
    image = tmp_path / "image"
    image.write_bytes(b"#!/bin/sh\n")
    with pytest.raises(OverlayrootError, match="image: is no initramfs that could be read"):
        cpio.names(str(image))


def test_an_empty_image(tmp_path):
    (tmp_path / "image").touch()
    assert cpio.names(str(tmp_path / "image")) == []


def test_a_program_that_is_missing(tmp_path, monkeypatch):
    image = tmp_path / "image"
    image.write_bytes(b"\x28\xb5\x2f\xfd" + bytes(100))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OverlayrootError, match="is compressed with zstd, which this host lacks. Install zstd"):
        cpio.names(str(image))
