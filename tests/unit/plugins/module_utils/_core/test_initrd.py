# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.labs.overlayroot.plugins.module_utils._core import initrd

TEXT = """\
kernel/fs/ext4/ext4.ko.xz: kernel/fs/jbd2/jbd2.ko.xz kernel/sound/crc.ko.xz
kernel/fs/jbd2/jbd2.ko.xz:
kernel/sound/crc.ko.xz: kernel/sound/core.ko.xz
kernel/sound/core.ko.xz:
kernel/sound/card.ko.xz: kernel/sound/core.ko.xz
kernel/drivers/net/virtio_net.ko.xz: kernel/drivers/net/net_failover.ko.xz
kernel/drivers/net/net_failover.ko.xz:
kernel/drivers/net/wireguard.ko.xz:
"""
DEPENDENCIES = initrd.parse(TEXT)


def test_what_a_root_may_lie_on_is_chosen_with_all_that_it_needs():
    assert initrd.chosen(DEPENDENCIES) == [
        "kernel/drivers/net/net_failover.ko.xz",
        "kernel/drivers/net/virtio_net.ko.xz",
        "kernel/fs/ext4/ext4.ko.xz",
        "kernel/fs/jbd2/jbd2.ko.xz",
        "kernel/sound/core.ko.xz",
        "kernel/sound/crc.ko.xz",
    ]


def test_the_index_speaks_of_what_is_there_and_not_compressed():
    index = initrd.index(DEPENDENCIES, initrd.chosen(DEPENDENCIES))
    assert index.splitlines()[:3] == [
        "kernel/drivers/net/net_failover.ko:",
        "kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko",
        "kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/sound/crc.ko",
    ]
    assert set(initrd.parse(index)) == set(map(initrd.plain, initrd.chosen(DEPENDENCIES)))


def test_plain():
    assert [initrd.plain("a.ko" + suffix) for suffix in ("", ".xz", ".gz", ".zst")] == ["a.ko"] * 4
