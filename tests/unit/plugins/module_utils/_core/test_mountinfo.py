# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import mountinfo
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, mount

LINE = r"36 35 98:0 /mnt1 /mnt\0402 rw,noatime shared:1 master:2 - ext3 /dev/my\040root rw,errors=continue,x=a\054b\075c"


def test_a_line():
    (parsed,) = mountinfo.parse(LINE + "\n")
    assert parsed == mountinfo.Mount(
        id=36,
        parent=35,
        device="98:0",
        root="/mnt1",
        path="/mnt 2",
        options=("rw", "noatime"),
        tags=("shared:1", "master:2"),
        fstype="ext3",
        source="/dev/my root",
        super_options=(("rw", None), ("errors", "continue"), ("x", "a,b=c")),
    )


def test_a_line_without_tags_and_with_an_empty_source():
    (parsed,) = mountinfo.parse("1 0 0:1 / / rw - tmpfs  rw\n")
    assert (parsed.tags, parsed.source, parsed.super_options) == ((), "", (("rw", None),))


@pytest.mark.parametrize("name", ["\x0c", "\x85", "\u2028", "\udcff\udcfe", "é"])
def test_a_name_that_is_odd_but_not_escaped(name):
    (parsed,) = mountinfo.parse(f"1 0 0:1 / /{name} rw - tmpfs none rw\n")
    assert parsed.path == f"/{name}"


@pytest.mark.parametrize(
    "field, text",
    [(r"a\134b", "a\\b"), (r"a\012b", "a\nb"), (r"\303\251", "é"), (r"\351", "\udce9"), (r"\9", r"\9"), (r"\777", r"\777")],
)
def test_decode(field, text):
    assert mountinfo.decode(field) == text


@pytest.mark.parametrize(
    "access, options, expected",
    [("rw", "", False), ("ro", "", True)],
)
def test_read_only(access, options, expected):
    assert mount(1, 0, "/", access=access, options=options).read_only is expected


def test_read_only_mount_of_a_writable_file_system():
    (parsed,) = mountinfo.parse("1 0 8:1 / / ro - ext4 /dev/a rw\n")
    assert parsed.read_only


MOUNTS = (
    ROOT,
    mount(2, 1, "/home"),
    mount(3, 1, "/a"),
    mount(4, 3, "/a/b"),
    mount(5, 3, "/a"),  # over /a, which hides /a/b
    mount(6, 2, "/home"),
    mount(7, 6, "/home/x y".replace(" ", r"\040"), fstype="tmpfs"),
)


@pytest.mark.parametrize(
    "path, number",
    [
        ("/", 1),
        ("/homer", 1),
        ("/home", 6),
        ("/home/x", 6),
        ("/home/x y", 7),
        ("/home/x y/z", 7),
        ("/a", 5),
        ("/a/b", 5),
        ("/a/b/c", 5),
    ],
)
def test_visible(path, number):
    assert mountinfo.visible(MOUNTS, path).id == number


def test_visible_does_not_depend_on_the_order():
    assert mountinfo.visible(MOUNTS[::-1], "/home").id == 6


def test_nothing_is_visible_in_a_chroot_that_is_no_mount_point():
    assert mountinfo.visible((mount(2, 1, "/home"),), "/etc") is None
    assert mountinfo.place((), "/etc") is None


def test_at():
    assert mountinfo.at(MOUNTS, "/home").id == 6
    assert mountinfo.at(MOUNTS, "/home/x") is None


def test_without_takes_what_is_mounted_on_it():
    assert [m.id for m in mountinfo.without(MOUNTS, MOUNTS[1])] == [1, 3, 4, 5]


def test_place_is_the_same_through_a_bind_mount():
    mounts = (ROOT, mount(2, 1, "/b", device=ROOT.device, root="/srv"))
    assert mountinfo.place(mounts, "/b/x") == mountinfo.place(mounts, "/srv/x") == mountinfo.Place("8:1", "/srv/x")
    assert mountinfo.place(mounts, "/b") == mountinfo.Place("8:1", "/srv")


@pytest.mark.parametrize(
    "one, other, overlaps",
    [("/a", "/a", True), ("/a", "/a/b", True), ("/a/b", "/a", True), ("/a", "/ab", False), ("/", "/a", True)],
)
def test_places_overlap(one, other, overlaps):
    assert mountinfo.Place("8:1", one).overlaps(mountinfo.Place("8:1", other)) is overlaps
    assert not mountinfo.Place("8:1", one).overlaps(mountinfo.Place("8:2", other))
