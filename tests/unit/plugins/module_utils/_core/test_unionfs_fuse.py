# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import mountinfo
from ansible_collections.labs.overlayroot.plugins.module_utils._core.backends import from_mount
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.layers import check
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import Sight, State
from ansible_collections.labs.overlayroot.plugins.module_utils._core.unionfs_fuse import PROGRAM, UnionfsFuse
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost
from hypothesis import given, settings
from hypothesis import strategies as st

UNION = UnionfsFuse("/m", ("/l", "/k"), "/u", None, {}, "unionfs_fuse")
HOST = FakeHost(folders=("/m", "/l", "/k", "/u"), plain_files=(PROGRAM,), filesystems=frozenset(("ext4", "fuse")))
PATHS = st.binary(min_size=1).filter(lambda raw: not set(raw) & set(b"\0:=")).map(lambda raw: "/" + raw.decode("utf-8", "surrogateescape"))


def shown(source):
    escaped = "".join(f"\\{ord(char):03o}" if char in " \t\n\\" else char for char in source)
    (mount,) = mountinfo.parse(f"2 1 0:50 / /m rw - fuse.unionfs {escaped} rw,user_id=0\n")
    return from_mount(mount, State())


def test_the_command_line():
    branches, options = UNION._replace(options={"max_files": 9, "hard_remove": True}).checked().program()
    assert branches == "/u=RW:/l=RO:/k=RO"
    assert options.split(",")[-4:] == ["hard_remove", "max_files=9", "subtype=unionfs", "fsname=unionfs:/u=RW:/l=RO:/k=RO"]


@given(st.lists(PATHS, min_size=1, max_size=3), st.none() | PATHS)
@settings(derandomize=True, database=None)
def test_any_path_comes_back_from_mountinfo(lower, upper):
    union = UNION._replace(lower=tuple(lower), upper=upper).checked()
    assert shown(union.source) == union
    assert "," not in union.source


def test_one_that_another_hand_has_mounted():
    assert shown("unionfs")[1:3] == ((), None)


@pytest.mark.parametrize(
    ("union", "said"),
    [
        (UNION._replace(work="/w"), "work /w: is not used by unionfs_fuse"),
        (UNION._replace(permissions={"/l": "ro"}), "permissions: are not known to unionfs-fuse"),
        (UNION._replace(lower=("/a:b",)), "branch /a:b: has a colon or an equals sign"),
        (UNION._replace(options={"max_files": "many"}), "option max_files: the value 'many' is not allowed. Use a number"),
        (UNION._replace(options={"max_files": True}), "option max_files: the value True is not allowed"),
        (UNION._replace(options={"hard_remove": "yes"}), "option hard_remove: the value 'yes' is not allowed"),
        (UNION._replace(options={"cow": False}), "option cow: unionfs-fuse options do not include it"),
    ],
)
def test_bad_input(union, said):
    with pytest.raises(OverlayrootError, match=said):
        union.checked()


@pytest.mark.parametrize(
    ("host", "said"),
    [
        (HOST._replace(plain_files=()), "backend unionfs_fuse: /usr/bin/unionfs is not there. Install the package unionfs-fuse"),
        (HOST._replace(filesystems=frozenset(("ext4",))), "backend unionfs_fuse: the kernel has no FUSE"),
    ],
)
def test_a_host_that_lacks_it(host, said):
    sight = Sight(paths=("/m", "/l", "/k", "/u", PROGRAM), layers=True)
    check(HOST.see(sight), UNION)
    with pytest.raises(OverlayrootError, match=said):
        check(host.see(sight), UNION)
