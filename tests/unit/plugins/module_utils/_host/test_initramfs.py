# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With commands that stand in for those that make images: what they make is a file that was laid ready."""

from __future__ import annotations

import os

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import cpio
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.initramfs import INITRAMFS_TOOLS
from ansible_collections.labs.overlayroot.plugins.module_utils._host import initramfs


def packed(*names):
    """An image that holds nothing but names."""
    heads = [cpio.head(cpio.Member(name), number) for number, name in enumerate((*names, cpio.TRAILER))]
    return b"".join(heads)


PLAIN = packed("init", "bin/sh")
UNION = packed("init", "bin/sh", "scripts/local-bottom/" + INITRAMFS_TOOLS.in_image)
NEWER = packed("init", "package", "scripts/local-bottom/" + INITRAMFS_TOOLS.in_image)

# As the real one: the new image is made aside and takes the name of the old one.
UPDATE = """\
[ "$1 $2 $3" = "-u -k 6.1" ] || exit 2
cp {top}/next {top}/boot/initrd.img-6.1.new
mv {top}/boot/initrd.img-6.1.new {top}/boot/initrd.img-6.1
"""

DRACUT = """\
[ "$1 $2 $4" = "--quiet --force 6.1" ] || exit 2
cmp -s {top}/boot/initrd.img-6.1 "$3" && exit 3
cp {top}/next "$3"
"""


class Host:
    def __init__(self, top):
        self.top = top
        self.boot = top / "boot"
        self.image = self.boot / "initrd.img-6.1"

    def command(self, name, script):
        path = self.top / "bin" / name
        path.write_text("#!/bin/sh\nset -e\n" + script, encoding="utf-8")
        path.chmod(0o755)

    def next_image(self, image):
        """What is made from now on."""
        (self.top / "next").write_bytes(image)

    def kernel(self, release, image=PLAIN, builtin=None):
        modules = self.top / "modules" / release
        modules.mkdir()
        if builtin is not None:
            (modules / "modules.builtin").write_text(builtin, encoding="utf-8")
        if image is not None:
            (self.boot / ("initrd.img-" + release)).write_bytes(image)

    def listed(self):
        return sorted(path.name for path in self.boot.iterdir())


@pytest.fixture(name="host")
def _host(tmp_path, monkeypatch):
    for name in ("bin", "boot", "modules"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path / "bin", os.environ["PATH"]))
    monkeypatch.setattr(initramfs, "_BOOT", "%s/boot/" % tmp_path)
    monkeypatch.setattr(initramfs, "_MODULES", "%s/modules/" % tmp_path)
    host = Host(tmp_path)
    host.command("update-initramfs", UPDATE.format(top=tmp_path))
    host.kernel("6.1")
    host.next_image(UNION)
    return host


def test_images(host):
    host.kernel("6.2", image=packed("init"), builtin="kernel/fs/ext4/ext4.ko\n")
    host.kernel("6.3", image=None)
    (host.boot / "initrd.img-5.0").write_text("kernel 5.0 was removed", encoding="utf-8")
    (host.boot / "vmlinuz-6.1").write_text("", encoding="utf-8")
    assert initramfs.images() == {
        "6.1": frozenset(["init", "bin/sh"]),
        "6.2": frozenset(["init", "kernel/fs/ext4/ext4.ko"]),
    }


def test_a_host_without_boot(host, monkeypatch):
    monkeypatch.setattr(initramfs, "_BOOT", "%s/none/" % host.top)
    assert initramfs.images() == {}


def test_an_image_that_cannot_be_listed(host):
    host.image.write_bytes(PLAIN[:200])
    with pytest.raises(OverlayrootError, match="/boot/initrd.img-6.1: is cut off or damaged"):
        initramfs.images()


def test_dracut_makes_it_aside(host, monkeypatch):
    """Where there is no update-initramfs. Under its own name there is a whole image at any moment."""
    (host.top / "bin/update-initramfs").unlink()
    monkeypatch.setenv("PATH", "%s/bin:/bin" % host.top)
    host.command("dracut", DRACUT.format(top=host.top))
    initramfs.build("6.1")
    assert host.image.read_bytes() == UNION
    initramfs.restore("6.1")
    assert host.image.read_bytes() == PLAIN
    assert host.listed() == ["initrd.img-6.1"]


def test_dracut_that_fails_leaves_nothing(host, monkeypatch):
    (host.top / "bin/update-initramfs").unlink()
    monkeypatch.setenv("PATH", "%s/bin:/bin" % host.top)
    host.command("dracut", 'echo half >"$3"\necho no space >&2\nexit 1\n')
    with pytest.raises(OverlayrootError, match="command dracut .*: no space"):
        initramfs.build("6.1")
    assert host.image.read_bytes() == PLAIN
    assert host.listed() == ["initrd.img-6.1"]


def test_the_original_is_kept_and_put_back(host):
    inode = host.image.stat().st_ino
    initramfs.build("6.1")
    assert host.image.read_bytes() == UNION
    assert set(initramfs.images()) == {"6.1"}
    initramfs.restore("6.1")
    assert host.image.read_bytes() == PLAIN
    assert host.image.stat().st_ino == inode
    assert host.listed() == ["initrd.img-6.1"]


def test_the_original_is_kept_over_later_builds(host):
    initramfs.build("6.1")
    host.next_image(NEWER)
    initramfs.build("6.1")
    assert host.image.read_bytes() == NEWER
    initramfs.restore("6.1")
    assert host.image.read_bytes() == PLAIN


def test_the_original_is_copied_where_there_are_no_links(host, monkeypatch):
    def refuse(source, target):
        raise OSError("vfat")

    monkeypatch.setattr(os, "link", refuse)
    initramfs.build("6.1")
    initramfs.restore("6.1")
    assert host.image.read_bytes() == PLAIN
    assert host.listed() == ["initrd.img-6.1"]


def test_an_original_that_is_out_of_date_is_not_put_back(host):
    """Since it was kept somebody else made an image, say because a package came or went."""
    initramfs.build("6.1")
    host.image.write_bytes(NEWER)
    host.next_image(packed("init", "package"))
    initramfs.restore("6.1")
    assert host.image.read_bytes() == packed("init", "package")
    assert host.listed() == ["initrd.img-6.1"]


def test_an_original_that_is_out_of_date_is_forgotten_by_the_next_build(host):
    initramfs.build("6.1")
    host.image.write_bytes(NEWER)
    initramfs.build("6.1")
    assert host.listed() == ["initrd.img-6.1"]


def test_an_image_that_came_with_the_union_has_no_original(host):
    """Of a kernel that was installed while the hook was in place."""
    host.image.write_bytes(UNION)
    initramfs.build("6.1")
    assert host.listed() == ["initrd.img-6.1"]
    host.next_image(PLAIN)
    initramfs.restore("6.1")
    assert host.image.read_bytes() == PLAIN


def test_a_first_build_that_fails_leaves_nothing(host):
    host.command("update-initramfs", "echo no space >&2\nexit 1\n")
    with pytest.raises(OverlayrootError, match="command update-initramfs -u -k 6.1: ended with exit code 1: no space"):
        initramfs.build("6.1")
    assert host.image.read_bytes() == PLAIN
    assert host.listed() == ["initrd.img-6.1"]


def test_a_later_build_that_fails_keeps_the_original(host):
    initramfs.build("6.1")
    host.command("update-initramfs", "exit 1\n")
    with pytest.raises(OverlayrootError):
        initramfs.build("6.1")
    initramfs.restore("6.1")
    assert host.image.read_bytes() == PLAIN
