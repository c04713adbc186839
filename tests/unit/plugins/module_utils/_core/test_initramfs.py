# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import initramfs

TOOL = initramfs.INITRAMFS_TOOLS
LIBRARY = "overlayroot_boot() { :; }\n"
NEEDED = ("overlay",)
PLAIN = frozenset(("init", "usr/lib/modules/6.1/kernel/fs/ext4/ext4.ko.xz"))


def test_an_image_without_the_union():
    assert initramfs.lacking(PLAIN, LIBRARY, NEEDED) == (
        "the boot script",
        "the boot library as it is installed",
        "kernel module overlay",
    )


def test_an_image_of_an_older_library():
    assert initramfs.lacking(initramfs.with_union(PLAIN, "older\n", NEEDED, TOOL), LIBRARY, NEEDED) == (
        "the boot library as it is installed",
    )


def test_an_image_without_the_module_of_the_data_file_system():
    assert initramfs.lacking(initramfs.with_union(PLAIN, LIBRARY, NEEDED, TOOL), LIBRARY, (*NEEDED, "xfs")) == ("kernel module xfs",)


@pytest.mark.parametrize("needed", [NEEDED, ("overlay", "fuse", "xfs"), ("fuse", "@unionfs")])
def test_a_whole_image(needed):
    assert initramfs.lacking(initramfs.with_union(PLAIN, LIBRARY, needed, TOOL), LIBRARY, needed) == ()


def test_an_image_without_the_program_of_a_backend():
    image = initramfs.with_union(PLAIN, LIBRARY, ("fuse",), TOOL)
    assert initramfs.lacking(image, LIBRARY, ("fuse", "@unionfs")) == ("program @unionfs",)


def test_a_module_that_is_built_in_is_not_lacking():
    image = PLAIN | {"kernel/fs/overlayfs/overlay.ko"}
    assert "kernel module overlay" not in initramfs.lacking(image, LIBRARY, (*NEEDED, "ext4"))


def test_starts_union():
    assert not initramfs.starts_union(PLAIN)
    assert initramfs.starts_union(initramfs.with_union(PLAIN, LIBRARY, NEEDED, TOOL))


def test_without_union_only_the_hook_goes():
    image = initramfs.with_union(PLAIN, LIBRARY, (*NEEDED, "xfs"), TOOL)
    assert initramfs.without_union(image) == PLAIN | {"kernel/overlay.ko", "kernel/xfs.ko"}
    assert initramfs.without_union(PLAIN) == PLAIN


def test_the_stamp_is_what_the_hook_writes():
    """The build hook names the file by what sha256sum says of the installed library."""
    raw = "caf\xe9 \udcff\n".encode("utf-8", "surrogateescape")
    name = "conf/overlayroot-" + hashlib.sha256(raw).hexdigest()
    assert initramfs.stamp(raw.decode("utf-8", "surrogateescape")) == name


def test_module_names():
    names = ("kernel/fs/ext4/ext4.ko", "a/dm-snapshot.ko.xz", "b/z.ko.zst", "bin/tool", "conf/modules")
    assert initramfs.module_names(names) == {"ext4", "dm_snapshot", "z"}
