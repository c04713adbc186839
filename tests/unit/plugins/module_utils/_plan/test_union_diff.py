# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import NamedTuple

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_diff
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount

PARAMS = {
    "path": None,
    "upper": None,
    "lower": None,
    "backend": "overlay",
    "userxattr": False,
    "text": [],
    "limit": 1000,
}
FOLDERS = ("/m", "/l", "/k", "/rw/upper", "/rw/work")
LAYERS = "lowerdir=/k:/l,upperdir=/rw/upper,workdir=/rw/work"


def host(options=LAYERS, path="/m", fstype="overlay", **about):
    return FakeHost(folders=FOLDERS, mounts=(ROOT, mount(2, 1, path, fstype, options, "0:50")), **about)


def layers(seen_by, **params):
    wanted = union_diff.wanted({**PARAMS, **params})
    return union_diff.layers(seen_by.see(union_diff.sight(wanted)), wanted)


def test_the_layers_of_a_union():
    assert layers(host(), path="/m") == (("/rw/upper", "/k", "/l"), "overlay")


def test_the_layers_of_a_union_by_another_name():
    assert layers(host(links={"/link": "/m"}), path="/link").paths == ("/rw/upper", "/k", "/l")


def test_a_union_with_user_attributes():
    assert layers(host(LAYERS + ",userxattr"), path="/m").format == "overlay_userxattr"


def test_layers_that_are_given():
    seen_by = FakeHost(folders=FOLDERS, links={"/link": "/rw"})
    assert layers(seen_by, upper="/link/upper", lower=["/k", "/l"]) == (("/rw/upper", "/k", "/l"), "overlay")
    assert layers(seen_by, upper="/k", lower=["/l"], backend="aufs").format == "aufs"
    assert layers(seen_by, upper="/k", lower=["/l"], userxattr=True).format == "overlay_userxattr"


@pytest.mark.parametrize(
    ("seen_by", "said"),
    [
        (FakeHost(folders=FOLDERS), "no overlay is mounted there"),
        (host("size=1m", fstype="tmpfs"), "tmpfs is mounted there, no overlay"),
        (host("si=1234", fstype="aufs"), "aufs is mounted there, no overlay"),
        (host("lowerdir=/k:/l"), "the union is read-only: it has no upper"),
        (host(LAYERS.replace("/rw/upper", "/gone")), "layer /gone: is not there any more"),
        (host(LAYERS.replace("/k", "k")), "layer k: was given to mount as a relative path"),
        (host(LAYERS.replace("/k:/l", "/k::/l")), "data-only"),
        (host("lowerdir+=/k,datadir+=/l,upperdir=/rw/upper,workdir=/rw/work"), "data-only"),
    ],
)
def test_what_cannot_be_compared(seen_by, said):
    with pytest.raises(OverlayrootError) as caught:
        layers(seen_by, path="/m")
    assert said in str(caught.value)


def test_the_layers_of_a_root_lie_on_what_its_boot_took_along():
    options = "lowerdir=/run/base,upperdir=/run/rw/upper,workdir=/run/rw/work"
    booted = (
        mount(2, 1, "/", "overlay", options, "0:50"),
        mount(3, 2, "/run", "tmpfs", "rw", "0:51"),
        mount(4, 3, "/run/base", "ext4", "ro", "8:1"),
        mount(5, 3, "/run/rw", "tmpfs", "rw", "0:52"),
    )
    root = FakeHost(folders=("/run/base", "/run/rw/upper", "/run/rw/work"), mounts=booted)
    assert layers(root, path="/").paths == ("/run/rw/upper", "/run/base")
    with pytest.raises(OverlayrootError, match="layer /run/rw/upper: is hidden by the union at /"):
        layers(root._replace(mounts=booted[:1]), path="/")


def test_a_layer_that_the_union_hides():
    with pytest.raises(OverlayrootError, match="layer /l: is hidden by the union at /l"):
        layers(host(LAYERS, path="/l"), path="/l")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"limit": -1}, "limit -1: is negative"),
        ({"text": ["etc/motd"]}, "is not an absolute path"),
        ({"backend": "aufs", "userxattr": True}, "userxattr: is no option of aufs"),
    ],
)
def test_bad_input(params, said):
    with pytest.raises(OverlayrootError) as caught:
        union_diff.wanted({**PARAMS, "path": "/m", **params})
    assert said in str(caught.value)


class Change(NamedTuple):
    path: str
    kind: str
    type: str = "file"
    was: str = None
    attributes: tuple = ()
    top: str = "/"


def show(*changes, limit=1000):
    return union_diff.show(iter(changes), {"/f": "x"}, union_diff.wanted({**PARAMS, "path": "/m", "limit": limit}))


def test_what_is_shown():
    shown = show(
        Change("/a", "type", "file", "directory"),
        Change("/b/c", "modified", attributes=("mode", "mtime"), top="/b"),
        Change("/b/d", "modified", top="/b"),
    )
    assert shown == {
        "changes": [
            {"path": "/a", "kind": "type", "type": "file", "was": "directory"},
            {"path": "/b/c", "kind": "modified", "type": "file", "attributes": ["mode", "mtime"]},
            {"path": "/b/d", "kind": "modified", "type": "file"},
        ],
        "counts": {"added": 0, "modified": 2, "deleted": 0, "type": 1, "attributes": 0, "opaque": 0},
        "folders": [{"path": "/", "counts": {"type": 1}}, {"path": "/b", "counts": {"modified": 2}}],
        "text": {"/f": "x"},
        "total": 3,
        "truncated": False,
    }


@pytest.mark.parametrize(("limit", "truncated"), [(0, True), (2, True), (3, False), (4, False)])
def test_the_limit(limit, truncated):
    shown = show(*(Change(f"/{number}", "added") for number in range(3)), limit=limit)
    assert [change["path"] for change in shown["changes"]] == [f"/{number}" for number in range(min(limit, 3))]
    assert (shown["total"], shown["counts"]["added"], shown["truncated"]) == (3, 3, truncated)


def test_what_is_beyond_the_limit_is_only_counted():
    """The path of a change is made when it is asked for, which costs time in deep trees."""

    class Costly:
        kind, top = "added", "/"

    assert show(Costly(), limit=0)["total"] == 1


def test_someone_makes_many_folders(monkeypatch):
    monkeypatch.setattr(union_diff, "_FOLDERS", 2)
    tops = ("/tmp/a", "/tmp/b", "/tmp/c", "/tmp/a", "/tmp/d", "/")
    shown = show(*(Change(f"{top}/x", "added", top=top) for top in tops))
    assert shown["folders"] == [
        {"path": "/", "counts": {"added": 3}},
        {"path": "/tmp/a", "counts": {"added": 2}},
        {"path": "/tmp/b", "counts": {"added": 1}},
    ]
