# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import fstab, mountinfo
from ansible_collections.labs.overlayroot.plugins.module_utils._core.aufs import Aufs, parse_branch
from ansible_collections.labs.overlayroot.plugins.module_utils._core.backends import from_mount
from ansible_collections.labs.overlayroot.plugins.module_utils._core.entry import entry
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.layers import check
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import Sight, State
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount

UNION = Aufs("/m", ("/l", "/k"), "/u", None, {}, "aufs")
HOST = FakeHost(folders=("/m", "/l", "/k", "/u"), filesystems=frozenset(("aufs", "ext4")), mounts=(ROOT,))


def read(options, branches):
    (mount,) = mountinfo.parse(f"2 1 0:50 / /m rw - aufs none rw,si=1a2b{options}\n")
    return from_mount(mount, State(aufs={"1a2b": tuple(branches)}))


def test_what_the_kernel_shows():
    shown = read(",xino=/run/x,udba=notify,dirperm1", [("/u", "rw"), ("/l", "ro+wh"), ("/k", "rr+wh")])
    assert (shown.upper, shown.lower, shown.permissions) == ("/u", ("/l", "/k"), {"/k": "rr+wh"})
    assert shown.options == {"xino": "/run/x", "udba": "notify", "dirperm1": True, "plink": True, "shwh": False, "trunc_xino": False}


def test_one_without_an_upper():
    shown = read(",noxino,noplink", [("/l", "ro")])
    assert (shown.upper, shown.lower, shown.permissions) == (None, ("/l",), {"/l": "ro"})
    assert (shown.options["xino"], shown.options["plink"], shown.options["udba"]) == ("off", False, "reval")


@pytest.mark.parametrize(
    ("line", "branch"),
    [("/u=rw\n", ("/u", "rw")), ("/a\\040b=c=ro+wh+icex\n", ("/a b=c", "ro+icex+wh"))],
)
def test_a_branch_in_sysfs(line, branch):
    assert parse_branch(line) == branch


def test_what_is_stated_for_every_union():
    assert UNION.checked().completed(()).mount_options() == "udba=reval,xino=/run/.aufs-m.xino"
    more = UNION._replace(options={"xino": False, "dirperm1": True, "plink": False, "udba": "none"})
    assert more.checked().completed(()).mount_options() == "dirperm1,noplink,udba=none,noxino"


def test_permissions_that_a_branch_has_by_itself_are_left_out():
    union = UNION._replace(permissions={"/u": "rw", "/l": "ro+wh", "/k": "rr+wh+icex"}).checked()
    assert union.permissions == {"/k": "rr+icex+wh"}
    assert union.listed() == (("/u", "rw"), ("/l", "ro+wh"), ("/k", "rr+icex+wh"))


@pytest.mark.parametrize(
    ("union", "said"),
    [
        (UNION._replace(permissions={"/l": "rx"}), "permissions /l: rx is none that aufs knows. Use one of rw, ro, rr"),
        (UNION._replace(permissions={"/l": "ro+hw"}), r"permissions /l: ro\+hw is none that aufs knows \(hw\)"),
        (UNION._replace(permissions={"/u": "rw+wh"}), r"permissions /u: rw\+wh is none"),
        (UNION._replace(permissions={"/none": "ro"}), "permissions /none: is no branch of the union"),
        (UNION._replace(permissions={"/l": "rw"}), "permissions /l: rw is not for a lower"),
        (UNION._replace(permissions={"/u": "ro"}), "permissions /u: ro is not for the upper"),
        (UNION._replace(work="/w"), "work /w: is not used by aufs"),
        (UNION._replace(options={"udba": "inotify"}), "option udba: the value 'inotify' is not allowed. Use none, reval, notify"),
        (UNION._replace(options={"xino": "x"}), "option xino: the value 'x' is not allowed"),
        (UNION._replace(options={"plink": "yes"}), "option plink: the value 'yes' is not allowed. Use true or false"),
        (UNION._replace(options={"index": "on"}), "option index: aufs options do not include it"),
    ],
)
def test_bad_input(union, said):
    with pytest.raises(OverlayrootError, match=said):
        union.checked()


def checked(union, host=HOST):
    paths = (union.path, *union.lower, *filter(None, [union.upper]), "/usr/bin/unionfs")
    check(host.see(Sight(paths=paths, layers=True)), union)


def test_a_union_that_can_be_mounted():
    checked(UNION)


@pytest.mark.parametrize(
    ("union", "host", "said"),
    [
        (UNION, HOST._replace(filesystems=frozenset(("ext4",))), "backend aufs: the kernel has no aufs"),
        (UNION._replace(lower=("/l", "/l")), HOST, "is, or lies within, the lower /l"),
        (UNION, HOST._replace(mounts=(ROOT, mount(2, 1, "/l", "overlay", "lowerdir=/x:/y"))), "branch /l: is on overlay"),
        (UNION._replace(lower=tuple(f"/l/{number}" for number in range(127))), None, "has 128 branches, aufs takes 127"),
        (UNION, HOST._replace(mounts=(ROOT, mount(2, 1, "/u", access="ro"))), "upper /u: /u is mounted read-only"),
        (
            UNION,
            HOST._replace(
                folders=(*HOST.folders, "/other"),
                mounts=(ROOT, mount(2, 1, "/other", "aufs", "si=1")),
                aufs={"1": (("/u", "rw"), ("/k", "ro+wh"))},
            ),
            "upper /u: is in use: the union at /other writes to it",
        ),
    ],
)
def test_what_the_kernel_refuses_or_should(union, host, said):
    host = host or HOST._replace(folders=(*HOST.folders, *union.lower))
    with pytest.raises(OverlayrootError, match=said):
        checked(union, host)


def test_an_entry_of_fstab():
    table = fstab.parse("none /m aufs br:/old=rw,nofail,noxino 0 0\n")
    union = UNION._replace(options={"udba": "none"}, permissions={"/k": "rr+wh"})
    assert fstab.render(entry(table, union)) == "none /m aufs br:/u=rw:/l=ro+wh:/k=rr+wh,udba=none,nofail 0 0"
    with pytest.raises(OverlayrootError, match="branch /a:b: has one of"):
        entry(table, UNION._replace(lower=("/a:b",)))
