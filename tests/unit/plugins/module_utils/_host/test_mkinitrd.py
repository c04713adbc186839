# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of a few small modules, unpacked by the program cpio."""

from __future__ import annotations

import gzip
import lzma
import os
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import initramfs
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.initrd import Recipe
from ansible_collections.labs.overlayroot.plugins.module_utils._host import cpio, mkinitrd

SCRIPTS = Path(__file__).resolve().parents[5] / "roles/initramfs/files"

# The head of an ELF file of 64 bits with one program header, of the type PT_LOAD.
STATIC = struct.pack("<4s5B7x2HI3QI6H", b"\x7fELF", 2, 1, 1, 0, 0, 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0) + struct.pack("<I52x", 1)


@pytest.fixture(name="recipe")
def _recipe(tmp_path):
    folder = tmp_path / "modules/6.1"
    (folder / "kernel/fs").mkdir(parents=True)
    (folder / "kernel/lib").mkdir()
    (folder / "kernel/fs/a.ko.xz").write_bytes(lzma.compress(b"module a"))
    (folder / "kernel/lib/b.ko").write_bytes(b"module b")
    (folder / "modules.dep").write_text("kernel/fs/a.ko.xz: kernel/lib/b.ko\nkernel/lib/b.ko:\n", encoding="ascii")
    (folder / "modules.alias").write_text("alias fs-a a\n", encoding="ascii")
    (tmp_path / "busybox").write_bytes(STATIC)
    return Recipe(str(tmp_path / "image"), "6.1", str(tmp_path / "modules"), str(tmp_path / "busybox"), str(SCRIPTS))


def test_the_names_of_an_image(recipe):
    mkinitrd.write(recipe)
    library = (SCRIPTS / "overlayroot.sh").read_text(encoding="utf-8")
    names = cpio.names(recipe.path)
    assert {"init", "bin/busybox", "bin/sh", "dev/console", "lib/modules/6.1/kernel/fs/a.ko"} <= set(names)
    assert initramfs.starts_union(names)
    assert initramfs.stamp(library) in names
    assert len(names) == len(set(names))


def test_a_program_that_serves_the_root_comes_with_its_libraries(recipe, monkeypatch):
    monkeypatch.setattr(mkinitrd, "PROGRAM", "/bin/sh")
    mkinitrd.write(recipe)
    names = cpio.names(recipe.path)
    assert initramfs.has_program(names, "@unionfs")
    assert any(os.path.basename(name).startswith("libc.so") for name in names)
    assert [name for name in names if name.startswith("/")] == []
    mkinitrd.write(recipe._replace(has_union=False))
    assert not initramfs.has_program(cpio.names(recipe.path), "@unionfs")


def test_what_the_kernel_would_unpack(recipe, tmp_path):
    if not shutil.which("cpio"):
        pytest.skip("cpio is not installed")
    mkinitrd.write(recipe)
    top = tmp_path / "unpacked"
    top.mkdir()
    words = ["cpio", "--quiet", "-id", "--no-absolute-filenames", "--nonmatching", "dev/console"]
    subprocess.run(words, input=gzip.decompress(Path(recipe.path).read_bytes()), cwd=top, check=True)
    assert (top / "init").read_bytes() == (SCRIPTS / "initrd-init.sh").read_bytes()
    assert os.access(top / "init", os.X_OK)
    assert os.readlink(top / "bin/sh") == "busybox"
    assert (top / "lib/modules/6.1/kernel/fs/a.ko").read_bytes() == b"module a"
    assert (top / "lib/modules/6.1/modules.dep").read_text(encoding="ascii").splitlines()[0] == "kernel/fs/a.ko: kernel/lib/b.ko"
    assert (top / "usr/local/lib/overlayroot/overlayroot.sh").exists()


def test_an_image_without_the_union(recipe):
    mkinitrd.write(recipe._replace(has_union=False))
    assert not initramfs.starts_union(cpio.names(recipe.path))


def test_the_same_ingredients_make_the_same_image(recipe):
    assert mkinitrd.look(recipe).content is None
    mkinitrd.write(recipe)
    first = Path(recipe.path).read_bytes()
    made = mkinitrd.look(recipe)
    assert made.content == made.wanted
    mkinitrd.write(recipe)
    assert Path(recipe.path).read_bytes() == first
    Path(recipe.modules, "6.1/kernel/lib/b.ko").write_bytes(b"another")
    assert mkinitrd.look(recipe).content != mkinitrd.look(recipe).wanted


def test_what_is_no_such_image_is_another_one(recipe):
    Path(recipe.path).write_bytes(b"anything")
    assert mkinitrd.look(recipe).content is None


def test_a_busybox_that_needs_libraries(recipe):
    Path(recipe.busybox).write_bytes(STATIC[:-56] + struct.pack("<I52x", 3))
    with pytest.raises(OverlayrootError, match="busybox: needs libraries, which this initramfs does not hold. Install busybox-static"):
        mkinitrd.write(recipe)
    assert not os.path.exists(recipe.path)
    assert not [name for name in os.listdir(os.path.dirname(recipe.path)) if name.endswith(".new")]


def test_what_needs_libraries(recipe, tmp_path):
    assert mkinitrd.is_static(recipe.busybox)
    assert not mkinitrd.is_static("/bin/ls")
    assert not mkinitrd.is_static(str(tmp_path / "missing"))


def test_a_kernel_that_is_not_installed(recipe):
    with pytest.raises(OverlayrootError, match="modules/6.2: has no modules.dep of this kernel. Install the kernel, or run depmod 6.2"):
        mkinitrd.write(recipe._replace(release="6.2"))


def test_a_missing_script(recipe, tmp_path):
    with pytest.raises(OverlayrootError, match="initrd-init.sh: cannot be read: No such file or directory"):
        mkinitrd.write(recipe._replace(scripts=str(tmp_path)))
