# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._tree import loop
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.data import Mover
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import call, scratch

SIZE = 16 << 20


@pytest.fixture(name="xfs")
def fixture_xfs(tmp_path):
    """A folder on a file system where files can share their data."""
    if not (os.access("/dev/loop-control", os.W_OK) and shutil.which("mkfs.xfs")):
        pytest.skip("needs loop devices and mkfs.xfs (Debian's package xfsprogs)")
    with scratch() as folder, contextlib.ExitStack() as stack:
        with open(tmp_path / "image", "w+b") as image:
            image.truncate(300 << 20)
            _descriptor, device = stack.enter_context(loop.attached(image.fileno()))
        subprocess.run(["mkfs.xfs", "-q", device], check=True)
        os.mkdir(folder + b"/xfs")
        subprocess.run(["mount", device, folder + b"/xfs"], check=True)
        stack.callback(call, "umount2", folder + b"/xfs", 2)
        yield os.fsdecode(folder) + "/xfs"


def used(folder):
    os.sync()
    counts = os.statvfs(folder)
    return (counts.f_blocks - counts.f_bfree) * counts.f_frsize


def test_data_is_shared_where_the_file_system_can(xfs):
    written = os.urandom(SIZE)
    with open(f"{xfs}/source", "wb") as file:
        file.write(written)
    before = used(xfs)
    with open(f"{xfs}/source", "rb") as source, open(f"{xfs}/target", "w+b") as target:
        Mover().move(source.fileno(), target.fileno(), os.fstat(source.fileno()))
        assert used(xfs) - before < SIZE // 4
        assert target.read() == written
        # And is no longer, where one of them is written to.
        target.seek(0)
        target.write(bytes(1 << 20))
    with open(f"{xfs}/source", "rb") as source:
        assert source.read() == written


def test_data_is_copied_from_where_it_cannot_be_shared(xfs):
    """Again after the first refusal, and with its holes."""
    mover = Mover()
    for name in ("first", "second"):
        with open(f"{xfs}/../{name}", "w+b") as source, open(f"{xfs}/{name}", "w+b") as target:
            source.seek(SIZE)
            source.write(os.urandom(1 << 20))
            source.flush()
            mover.move(source.fileno(), target.fileno(), os.fstat(source.fileno()))
            for file in (source, target):
                file.seek(0)
            assert target.read() == source.read()
            assert os.fstat(target.fileno()).st_blocks * 512 < SIZE
