# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from hypothesis import given, settings
from hypothesis import strategies as st

MIB = 1 << 20
MEMORY = 1024 * MIB


def test_text():
    assert BootConf(data="LABEL=a b", ram_size="50%").text == (
        "# Written by labs.overlayroot and read from the base at boot.\n"
        "backend=overlay\npersistence=none\ndata=LABEL=a b\ndata_type=\ndata_options=\n"
        "ram_size=50%\nram_inodes=\non_failure=open\noptions=\nkeep_generations=\nkeep_days=\nkeep_size=\nfold_seconds=\n"
        "backend_fallback=\n"
    )


def test_a_file_of_another_release():
    assert bootconf.parse("\n#data=x\ncolour=blue\ndata=UUID=1\ndata=UUID=2\n") == BootConf(data="UUID=2")


@given(st.builds(BootConf, *[st.text(st.characters(exclude_characters="\n"))] * len(BootConf._fields)))
@settings(derandomize=True, database=None)
def test_what_is_written_is_read(conf):
    assert bootconf.parse(conf.text) == conf


@pytest.mark.parametrize("size", ["1048576", "1024k", "1024K", "100m", "1024M", "1g", "1%", "50%", "100%"])
def test_sizes(size):
    bootconf.check(BootConf(ram_size=size), MEMORY)


@pytest.mark.parametrize("size", ["", "0", "0%", "-1", "50 %", "1t", "1.5g", "m", "50%\t", "٣"])
def test_what_is_no_size(size):
    with pytest.raises(OverlayrootError) as caught:
        bootconf.check(BootConf(ram_size=size), MEMORY)
    assert str(caught.value) == (
        "ram_size %s: is not a size. Use a percentage (50%%), or bytes with k, m or g (512m)." % size
    )


@pytest.mark.parametrize("size", ["101%", "2g", "1025m", "1048577k", "1073741825"])
def test_more_than_the_memory(size):
    with pytest.raises(OverlayrootError) as caught:
        bootconf.check(BootConf(ram_size=size), MEMORY)
    assert str(caught.value) == (
        "ram_size %s: is more than the host's memory of 1024 MiB. "
        "Choose a smaller size, or keep the upper on a disk (persistence upper)." % size
    )


@pytest.mark.parametrize(("size", "count"), [("512", 512), ("1023k", 1023 * 1024)])
def test_less_than_a_boot_needs(size, count):
    with pytest.raises(OverlayrootError) as caught:
        bootconf.check(BootConf(ram_size=size), MEMORY)
    assert str(caught.value) == (
        "ram_size %s: is %d bytes, too few for a system to boot with. "
        "Give more, say 512m: a number without k, m or g counts bytes." % (size, count)
    )


@pytest.mark.parametrize("key", BootConf._fields)
def test_newlines(key):
    with pytest.raises(OverlayrootError) as caught:
        bootconf.check(BootConf(**{"ram_size": "50%", key: "a\non_failure=closed"}), MEMORY)
    assert caught.value.subject == key
    assert str(caught.value).endswith("cannot hold a newline: 'a\\non_failure=closed'. Take it out.")


def test_nowhere_to_keep_the_upper():
    with pytest.raises(OverlayrootError) as caught:
        bootconf.check(BootConf(persistence="upper", ram_size="50%"), MEMORY)
    assert str(caught.value) == (
        "persistence upper: there is no data file system to hold the upper. Set overlayroot_data."
    )


@pytest.mark.parametrize("fstype", bootconf.UPPER_TYPES)
def test_what_can_hold_an_upper(fstype):
    bootconf.check_data("/dev/sdb1", fstype)


@pytest.mark.parametrize(
    "found, message",
    [
        (None, "data /dev/sdb1: no such device on this host. Correct overlayroot_data."),
        (
            "",
            "data /dev/sdb1: holds no file system, which cannot hold an upper. "
            "Use one of ext4, ext3, ext2, xfs, btrfs, f2fs; the role disks makes it on an empty device.",
        ),
        ("vfat", "data /dev/sdb1: holds vfat, which cannot hold an upper. Use one of ext4"),
        ("exfat", "data /dev/sdb1: holds exfat, which cannot hold an upper. Use one of ext4"),
    ],
)
def test_what_cannot_hold_an_upper(found, message):
    with pytest.raises(OverlayrootError) as caught:
        bootconf.check_data("/dev/sdb1", found)
    assert message in str(caught.value)


@pytest.mark.parametrize("size, count", [("", None), ("20g", 20 << 30), ("512M", 512 << 20), ("4k", 4096), ("100", 100)])
def test_what_layers_may_hold(size, count):
    conf = BootConf(keep_generations="3", keep_days="10", keep_size=size)
    bootconf.check_kept(conf)
    assert bootconf.kept_bytes(conf) == count


@pytest.mark.parametrize(
    "conf, message",
    [
        ({"keep_generations": "-1"}, "keep_generations -1: is no number. Give a number, or 0 for no limit."),
        ({"keep_days": "two"}, "keep_days two: is no number. Give a number, or 0 for no limit."),
        ({"keep_size": "50%"}, "keep_size 50%: is not a size. Use bytes with k, m or g (20g)."),
        ({"keep_size": "0"}, "keep_size 0: is not a size. Use bytes with k, m or g (20g)."),
    ],
)
def test_what_cannot_be_kept_to(conf, message):
    with pytest.raises(OverlayrootError) as caught:
        bootconf.check(BootConf(ram_size="50%", **conf), MEMORY)
    assert str(caught.value) == message
