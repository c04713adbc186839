# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layers
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import Sight
from ansible_collections.labs.overlayroot.plugins.module_utils._core.union import VOLATILE_MARKER, Union
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount

UNION = Union("/m", ("/l",), "/rw/upper", "/rw/work")
READ_ONLY = Union("/m", ("/l", "/k"))
HOST = FakeHost(folders=("/m", "/l", "/k", "/rw/upper", "/rw/work", "/other"))


def check(host, union):
    paths = [path for path in (union.path, *union.lower, union.upper, union.work) if path is not None]
    if union.work is not None:
        paths.append(f"{union.work}/{VOLATILE_MARKER}")
    layers.check(host.see(Sight(paths=tuple(paths), layers=True)), union)


@pytest.mark.parametrize("union", [UNION, READ_ONLY])
def test_nothing_wrong(union):
    check(HOST, union)


def test_a_lower_may_contain_the_upper():
    check(HOST, UNION._replace(lower=("/",)))


def test_an_upper_may_be_on_another_file_system_below_the_lower():
    check(HOST._replace(mounts=(ROOT, mount(2, 1, "/rw", fstype="tmpfs"))), UNION._replace(lower=("/",)))


def on(fstype, path):
    return HOST._replace(mounts=(ROOT, mount(2, 1, path, fstype=fstype)))


@pytest.mark.parametrize(
    "host, union, message",
    [
        (HOST._replace(filesystems=frozenset(("ext4",))), UNION, "backend overlay: the kernel has no overlayfs"),
        (HOST, UNION._replace(upper=None, work=None), "lower /l: a union without an upper needs two lowers"),
        (HOST, UNION._replace(lower=("/l", "/none")), "lower /none: does not exist"),
        (HOST._replace(plain_files=("/file",)), UNION._replace(lower=("/file",)), "lower /file: is no folder"),
        *((on(bad, "/l"), UNION, rf"lower /l: is on {bad} \(/l\)") for bad in ("vfat", "exfat", "msdos")),
        *((on(bad, "/rw"), UNION, f"upper /rw/upper: is on {bad}") for bad in ("vfat", "exfat", "nfs", "nfs4", "cifs")),
        (on("aufs", "/rw"), UNION, "upper /rw/upper: is on aufs"),
        (
            HOST._replace(mounts=(ROOT, mount(2, 1, "/rw", "overlay", "lowerdir=/l:/k", "0:50", access="rw"))),
            UNION,
            "upper /rw/upper: is on overlay",
        ),
        (
            HOST._replace(mounts=(ROOT, mount(2, 1, "/rw", access="ro"))),
            UNION,
            "upper /rw/upper: /rw is mounted read-only",
        ),
        (HOST._replace(mounts=(ROOT, mount(2, 1, "/rw/work"))), UNION, "work /rw/work: is not in the same mount"),
        (
            HOST._replace(mounts=(ROOT, mount(2, 1, "/other", device=ROOT.device, root="/rw"))),
            UNION._replace(work="/other/work"),
            "work /other/work: is not in the same mount",
        ),
        (HOST._replace(folders=HOST.folders + ("/rw/upper/w",)), UNION._replace(work="/rw/upper/w"), "or the reverse"),
        (HOST, UNION._replace(upper="/rw"), "upper /rw: is, or lies within, the work /rw/work"),
        (HOST, UNION._replace(work="/rw/upper"), "upper /rw/upper: is, or lies within, the work /rw/upper"),
        (HOST, UNION._replace(lower=("/rw/upper",)), "lower /rw/upper: is, or lies within, the upper"),
        (HOST, UNION._replace(lower=("/rw/work",)), "lower /rw/work: is, or lies within, the work"),
        (HOST._replace(folders=HOST.folders + ("/rw/upper/x",)), UNION._replace(lower=("/rw/upper/x",)), "lower /rw"),
        (HOST, READ_ONLY._replace(lower=("/l", "/l")), "lower /l: is, or lies within, the lower /l"),
        (HOST, READ_ONLY._replace(lower=("/rw/upper", "/rw")), "is, or lies within, the lower /rw"),
        (
            HOST._replace(mounts=(ROOT, mount(2, 1, "/other", device=ROOT.device, root="/rw/upper"))),
            UNION._replace(lower=("/other",)),
            "lower /other: is, or lies within, the upper",
        ),
        (HOST, UNION._replace(lower=tuple(f"/{'x' * 200}{n}" for n in range(30))), "does not exist"),
        (
            HOST._replace(folders=HOST.folders + (f"/rw/work/{VOLATILE_MARKER}",)),
            UNION,
            "work /rw/work: a volatile union used it",
        ),
    ],
)
def test_what_cannot_be_mounted(host, union, message):
    with pytest.raises(OverlayrootError, match=message):
        check(host, union)


def test_what_lies_outside_of_the_table_of_mounts_is_left_to_the_kernel():
    """In a chroot that is no mount point nothing is known about file systems."""
    check(HOST._replace(mounts=()), UNION)


def test_options_of_more_than_a_page():
    lower = tuple(f"/{'x' * 250}{number:02}" for number in range(16))
    host = HOST._replace(folders=HOST.folders + lower)
    check(host, Union("/m", lower[:15], "/rw/upper", "/rw/work"))
    with pytest.raises(OverlayrootError, match=r"/m: the mount options are 41\d\d bytes long, the kernel takes 4095"):
        check(host, Union("/m", lower, "/rw/upper", "/rw/work"))


def busy(options, path="/busy"):
    return HOST._replace(folders=HOST.folders + (path,), mounts=(ROOT, mount(2, 1, path, "overlay", options, "0:50")))


@pytest.mark.parametrize(
    "host, union, message",
    [
        (busy("lowerdir=/k,upperdir=/rw/upper,workdir=/rw/w"), UNION, "upper /rw/upper: is in use: the union at /busy"),
        (busy("lowerdir=/k,upperdir=/rw/u,workdir=/rw/work"), UNION, "work /rw/work: is in use"),
        (busy("lowerdir=/k,upperdir=/rw/work,workdir=/rw/w"), UNION, "work /rw/work: is in use"),
        (busy("lowerdir=/k,upperdir=/rw,workdir=/other"), UNION, "upper /rw/upper: is in use"),
        (busy("lowerdir=/k,upperdir=/l,workdir=/other"), UNION, "lower /l: is in use"),
        (busy("lowerdir=/k,upperdir=/l,workdir=/other"), READ_ONLY, "lower /l: is in use"),
    ],
)
def test_what_another_union_writes_to(host, union, message):
    with pytest.raises(OverlayrootError, match=message):
        check(host, union)


def test_in_use_by_another_name():
    host = busy("lowerdir=/k,upperdir=/other/upper,workdir=/other/work")
    bind = mount(3, 1, "/other", device=ROOT.device, root="/rw")
    with pytest.raises(OverlayrootError, match="upper /rw/upper: is in use"):
        check(host._replace(mounts=(*host.mounts, bind)), UNION)


@pytest.mark.parametrize(
    "options",
    ["lowerdir=/l:/k", "lowerdir=/l,upperdir=/other,workdir=/w", "lowerdir=l,upperdir=rw/upper,workdir=rw/work"],
)
def test_what_other_unions_only_read_is_free(options):
    check(busy(options), UNION)


def stack(*lower):
    """Unions at /u1, /u2 ..., of which each has the one before it as a lower."""
    mounts = [ROOT]
    for number in range(1, len(lower) + 1):
        mounts.append(mount(number + 1, 1, f"/u{number}", "overlay", f"lowerdir={lower[number - 1]}:/k", f"0:{number}"))
    return HOST._replace(mounts=tuple(mounts))


def test_two_deep():
    check(stack("/l"), UNION._replace(lower=("/u1",)))


@pytest.mark.parametrize("lower", [("/u2",), ("/l", "/u2")])
def test_three_deep(lower):
    with pytest.raises(OverlayrootError, match="/m: a lower lies on a union of a union"):
        check(stack("/l", "/u1"), UNION._replace(lower=lower))


def test_depth_of_a_union_over_its_own_lower():
    host = HOST._replace(mounts=(ROOT, mount(2, 1, "/l", "overlay", "lowerdir=/l:/k", "0:50")))
    state = host.see(Sight(paths=("/l",), layers=True))
    assert layers.depth(state.mounts, state, "/l") == 1
    check(host, UNION)


def test_a_union_with_relative_lowers_counts_as_one():
    check(HOST._replace(mounts=(ROOT, mount(2, 1, "/l", "overlay", "lowerdir=a:b", "0:50"))), UNION)
