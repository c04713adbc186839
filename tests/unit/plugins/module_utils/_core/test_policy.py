# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import fstab, policy
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.fstab import Entry
from ansible_collections.labs.overlayroot.plugins.module_utils._core.mountinfo import decode
from ansible_collections.labs.overlayroot.plugins.module_utils._core.policy import Policy
from hypothesis import given, settings
from hypothesis import strategies as st

# What the boot library makes of the same cases is tested in tests/shell/test_fstab.sh.
CASES = sorted(Path(__file__).parents[4].joinpath("fixtures/fstab").iterdir())
HOME = Entry("LABEL=home", "/home", "ext4")
PATHS = st.binary(min_size=1).map(lambda raw: "/" + raw.decode("utf-8", "surrogateescape")).filter(lambda path: "\0" not in path)


def chosen(asked=(), entries=(), has_data=False):
    return {path: item.policy for path, item in policy.choose(asked, entries, has_data).items()}


@pytest.mark.parametrize(
    "path, folder",
    [
        ("/", "-"),
        ("/home", "home"),
        ("/var/log/journal", "var=2Flog=2Fjournal"),
        ("/srv/a b", "srv=2Fa=20b"),
        ("/a=b", "a=3Db"),
        ("/caf\xe9 \udcff", "caf=C3=A9=20=FF"),
        ("/.A_z-9", ".A_z-9"),
    ],
)
def test_id(path, folder):
    assert Policy("union", path).id == folder


@given(PATHS, PATHS)
@settings(derandomize=True, database=None)
def test_an_id_is_one_folder_of_one_path(one, other):
    assert "/" not in Policy("union", one).id
    assert (Policy("union", one).id == Policy("union", other).id) == (one.strip("/") == other.strip("/"))


def test_line():
    assert Policy("tmpfs", "/a b", "1:2", "1777", "size=1m").line == "tmpfs a=20b /a\\040b 1:2 1777 size=1m\n"
    assert Policy("union", "/").line == "union - / 0:0 755 -\n"


@given(PATHS)
@settings(derandomize=True, database=None)
def test_a_line_has_six_fields_whatever_the_path(path):
    line = Policy("bind", path).line
    assert line.count("\n") == 1
    kind, _id, escaped, *rest = line.rstrip("\n").split(" ")
    assert (kind, decode(escaped), rest) == ("bind", path, ["0:0", "755", "-"])


def test_the_default():
    assert chosen(entries=(HOME,)) == {"/": "union"}


@pytest.mark.parametrize("path", policy.FOLLOWERS)
def test_what_follows_the_root(path):
    assert chosen(entries=(Entry("LABEL=x", path + "/", "ext4"),))[path] == "union"
    assert chosen(entries=(Entry("LABEL=x", path, "vfat"),))[path] == "ro"
    assert chosen(entries=(Entry("LABEL=x", path, "ext4", "ro,noauto"),))[path] == "ro"


@pytest.mark.parametrize("path", policy.FIRMWARE)
@pytest.mark.parametrize("fstype", ["vfat", "ext4"])
def test_firmware_is_read_only(path, fstype):
    assert chosen(entries=(Entry("LABEL=x", path, fstype),))[path] == "ro"


def test_what_was_asked_for_comes_first():
    entries = (HOME, Entry("LABEL=boot", "/boot", "ext4"))
    asked = [{"path": "/boot", "policy": "skip"}, {"path": "/home", "policy": "ro", "options": None}]
    assert chosen(asked, entries) == {"/": "union", "/home": "ro"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_boot_library_reads_what_is_written(case):
    given, entries, expected = ((case / name).read_text(encoding="utf-8") for name in ("policies.json", "fstab", "mounts"))
    policies = policy.choose(json.loads(given), fstab.parse(entries).entries, has_data=True)
    # Owner and mode are the host's.
    hosts = {decode(fields[2]): fields[3:5] for fields in map(str.split, expected.splitlines())}
    lines = (item._replace(owner=hosts[path][0], mode=hosts[path][1]).line for path, item in policies.items())
    assert "".join(lines) == expected


@pytest.mark.parametrize("wanted", ["union", "ro", "bind", "tmpfs"])
def test_a_file_system(wanted):
    assert chosen([{"path": "/home", "policy": wanted}], (HOME,))["/home"] == wanted


def test_a_folder_of_the_root():
    assert chosen([{"path": "/var/tmp", "policy": "tmpfs"}])["/var/tmp"] == "tmpfs"
    assert chosen([{"path": "/var/log", "policy": "bind"}], has_data=True)["/var/log"] == "bind"


@pytest.mark.parametrize(
    "item, entries, message",
    [
        (
            {"path": "/", "policy": "ro"},
            (),
            "policy ro for /: the root is always the union. Leave it out.",
        ),
        (
            {"path": "/home", "policy": "ro"},
            (HOME, HOME._replace(source="/dev/vdz")),
            "policy ro for /home: fstab has 2 lines for this mount point. Leave one of them, or use skip.",
        ),
        *(
            (
                {"path": "/srv", "policy": wanted},
                (HOME,),
                "policy %s for /srv: fstab has no file system there. "
                "Correct the path; a folder of the root takes bind or tmpfs." % wanted,
            )
            for wanted in ("union", "ro")
        ),
        *(
            (
                {"path": "/home", "policy": "union"},
                (HOME._replace(fstype=fstype),),
                "policy union for /home: %s cannot be below a union. Use ro or skip." % fstype,
            )
            for fstype in ("vfat", "exfat", "nfs")
        ),
        (
            {"path": "/home", "policy": "union"},
            (HOME._replace(options="noauto,user"),),
            "policy union for /home: fstab does not mount it at boot (noauto). Use ro or skip.",
        ),
        (
            {"path": "/var/log", "policy": "bind"},
            (),
            "policy bind for /var/log: a kept folder needs a data file system. Set overlayroot_data, or use tmpfs.",
        ),
        *(
            (
                {"path": path, "policy": "union"},
                (HOME._replace(path=path),),
                "policy union for %s: the path holds a character that divides mount options. "
                "Mount it elsewhere, or use ro or skip." % path,
            )
            for path in ("/a:b", "/a,b", "/a\\b")
        ),
        *(
            (
                {"path": path, "policy": "tmpfs"},
                (),
                "policy tmpfs for %s: no system comes up without what is there. Use another policy." % path,
            )
            for path in ("/usr", "/etc")
        ),
        (
            {"path": "/home", "policy": "ro", "options": "noatime"},
            (HOME,),
            "policy ro for /home: only tmpfs takes options. Take the options out.",
        ),
        (
            {"path": "/var/tmp", "policy": "tmpfs", "options": "size=1m, mode=1777"},
            (),
            "policy tmpfs for /var/tmp: the options hold a blank. Separate options by commas.",
        ),
    ],
)
def test_refused(item, entries, message):
    with pytest.raises(OverlayrootError) as caught:
        chosen([item], entries)
    assert str(caught.value) == message
