# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import NamedTuple

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.comparison import Comparison, Part
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_diff
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount

PARAMS = {
    "path": None,
    "upper": None,
    "lower": None,
    "backend": "overlay",
    "userxattr": False,
    "layer": None,
    "generation": None,
    "since": None,
    "text": [],
    "limit": 1000,
}
FOLDERS = ("/m", "/l", "/k", "/rw/upper", "/rw/work")
LAYERS = "lowerdir=/k:/l,upperdir=/rw/upper,workdir=/rw/work"


def host(options=LAYERS, path="/m", fstype="overlay", **about):
    return FakeHost(folders=FOLDERS, mounts=(ROOT, mount(2, 1, path, fstype, options, "0:50")), **about)


def compared(seen_by, **params):
    wanted = union_diff.wanted({**PARAMS, **params})
    return union_diff.comparison(seen_by.see(union_diff.sight(wanted)), wanted)


def layers(seen_by, **params):
    """Of an upper, which all below it is compared with."""
    found = compared(seen_by, **params)
    ((path, new, old),) = found.parts
    assert (path, old, found.new, found.old) == ("/", new[1:], "now", "below")
    return new, found.format


def test_the_layers_of_a_union():
    assert layers(host(), path="/m") == (("/rw/upper", "/k", "/l"), "overlay")


def test_the_layers_of_a_union_by_another_name():
    assert layers(host(links={"/link": "/m"}), path="/link")[0] == ("/rw/upper", "/k", "/l")


def test_a_union_with_user_attributes():
    assert layers(host(LAYERS + ",userxattr"), path="/m")[1] == "overlay_userxattr"


def test_layers_that_are_given():
    seen_by = FakeHost(folders=FOLDERS, links={"/link": "/rw"})
    assert layers(seen_by, upper="/link/upper", lower=["/k", "/l"]) == (("/rw/upper", "/k", "/l"), "overlay")
    assert layers(seen_by, upper="/k", lower=["/l"], backend="aufs")[1] == "aufs"
    assert layers(seen_by, upper="/k", lower=["/l"], userxattr=True)[1] == "overlay_userxattr"


@pytest.mark.parametrize(
    ("seen_by", "said"),
    [
        (FakeHost(folders=FOLDERS), "no union is mounted there"),
        (host("size=1m", fstype="tmpfs"), "tmpfs is mounted there, no union"),
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
    assert layers(root, path="/")[0] == ("/run/rw/upper", "/run/base")
    with pytest.raises(OverlayrootError, match="layer /run/rw/upper: is hidden by the union at /"):
        layers(root._replace(mounts=booted[:1]), path="/")


def test_a_layer_that_the_union_hides():
    with pytest.raises(OverlayrootError, match="layer /l: is hidden by the union at /l"):
        layers(host(LAYERS, path="/l"), path="/l")


UNION = f"lowerdir={layout.BASE}%s,upperdir={layout.RAM}/%supper,workdir={layout.RAM}/%swork"
# Generation 3 was saved from a visit to generation 1, and a layer of generation 4 is gone.
STORE = {
    store.LAYERS: {"a": None, "b": None, "c": None, "alone": None},
    store.GENERATIONS: {"1": "a\n", "2": "a\nb\n", "3": "a\nc\n", "4": "b\na\ngone\n", "5": None},
    store.BOOT: {"current": "2\n"},
}


def booted(generations=()):
    """With /usr on a file system of its own."""
    return FakeHost(
        folders=(layout.BASE + "/usr", layout.RAM + "/upper"),
        small_files={**STORE, store.GENERATIONS: {**STORE[store.GENERATIONS], **dict(generations)}},
        mounts=(
            mount(1, 0, "/", "overlay", UNION % ("", "", "")),
            mount(2, 1, "/run", "tmpfs"),
            mount(3, 2, layout.BASE, access="ro"),
            mount(4, 3, layout.BASE + "/usr", access="ro"),
            mount(5, 2, layout.DATA),
            mount(6, 1, "/usr", "overlay", UNION % ("/usr", "mounts/usr/", "mounts/usr/")),
            mount(7, 1, "/srv/course", "overlay", "lowerdir=/l,upperdir=/u,workdir=/w"),
        ),
    )


def saved(seen_by=None, **params):
    """The layers that hold something of the root and of /usr, by their names."""
    found = compared(seen_by or booted(), **params)
    root, usr = found.parts
    assert (root.path, usr.path, found.format) == ("/", "/usr", "overlay")
    for layers, of_usr in ((root.new, usr.new), (root.old, usr.old)):
        assert (layers[-1], of_usr[-1]) == (layout.BASE, layout.BASE + "/usr")
        assert of_usr[:-1] == tuple(layer + "/usr" for layer in layers[:-1])
    new, old = ("".join(layer.rpartition("/")[2] for layer in layers[:-1]) for layers in (root.new, root.old))
    return new, old, found.new, found.old


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"generation": 2}, ("ba", "a", "generation 2", "below")),
        ({"generation": 3, "since": 2}, ("ca", "ba", "generation 3", "generation 2")),
        ({"generation": 0, "since": 1}, ("", "a", "generation 0", "generation 1")),
        ({"layer": "c"}, ("ca", "a", "layer c", "below")),
        # Not as in generation 4, which nothing can be compared with.
        ({"layer": "a"}, ("a", "", "layer a", "below")),
    ],
)
def test_what_was_saved(params, expected):
    assert saved(**params) == expected


def test_a_layer_of_several_generations_is_the_one_of_the_newest():
    assert saved(booted({"6": "c\na\n"}), layer="a")[:2] == ("ac", "c")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"generation": 7}, "generation 7: the store does not have it. Use one of 0, 1, 2, 3, 4, 5"),
        ({"generation": 1, "since": 7}, "generation 7: the store does not have it. Use one of 0, 1, 2, 3, 4, 5"),
        ({"generation": 4}, "generation 4: is damaged: layer gone cannot be read"),
        ({"generation": 2, "since": 5}, "generation 5: is damaged: its file cannot be read"),
        ({"generation": 0}, "generation 0: has no layer"),
        ({"layer": "d"}, "layer d: the store does not have it. Use one of a, alone, b, c"),
        ({"layer": "alone"}, "layer alone: is in no generation"),
    ],
)
def test_what_was_not_saved(params, said):
    with pytest.raises(OverlayrootError) as caught:
        compared(booted(), **params)
    assert said in str(caught.value)


def on_an_image():
    """Booted from one, for which the layers go on for /usr."""
    seen_by = booted({"6": "a\nnew.ext4\n", "7": "a\nnew.ext4\nb\n", "8": "old.ext4\n"})
    layers = {**seen_by.small_files[store.LAYERS], "new.ext4": None, "old.ext4": None}
    return seen_by._replace(
        small_files={**seen_by.small_files, store.LAYERS: layers},
        files={layout.RECORD: "protected=yes\ngeneration=6\npersistence=none\n"},
        mounts=(*seen_by.mounts, mount(8, 2, layout.IMAGE)),
    )


def test_generations_that_stand_on_an_image():
    root, usr = compared(on_an_image(), generation=7).parts
    assert (root.new, root.old) == ((f"{store.LAYERS}/b", layout.IMAGE), (layout.IMAGE,))
    assert usr.new == (f"{store.LAYERS}/b/usr", f"{store.LAYERS}/a/usr", layout.BASE + "/usr")
    root = compared(on_an_image(), generation=6, since=2).parts[0]
    assert (root.new, root.old) == ((layout.IMAGE,), (f"{store.LAYERS}/b", f"{store.LAYERS}/a", layout.BASE))
    for seen_by, number in ((on_an_image(), 8), (on_an_image()._replace(mounts=booted().mounts), 6)):
        with pytest.raises(OverlayrootError, match="is not mounted, so it cannot be read. Boot a generation"):
            compared(seen_by, generation=number)


@pytest.mark.parametrize(("mounts", "said"), [((ROOT,), "no data file system"), ((ROOT, mount(2, 1, layout.DATA)), "the base: is not mounted")])
def test_a_host_without_its_union(mounts, said):
    with pytest.raises(OverlayrootError, match=said):
        compared(booted()._replace(mounts=mounts), generation=1)


def test_a_layer_that_only_a_damaged_generation_has():
    generations = dict.fromkeys(("2", "3"), "a\n")
    with pytest.raises(OverlayrootError, match="generation 4: is damaged"):
        compared(booted(generations), layer="b")


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"since": 1}, "since 1: is what a generation is compared with"),
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
    comparison = Comparison((Part("/", ("/upper", "/l"), ("/l",)),), "overlay")
    return union_diff.show(iter(changes), {"/f": "x"}, comparison, union_diff.wanted({**PARAMS, "path": "/m", "limit": limit}))


def test_what_is_shown():
    shown = show(
        Change("/a", "type", "file", "directory"),
        Change("/b/c", "modified", attributes=("mode", "mtime"), top="/b"),
        Change("/b/d", "modified", top="/b"),
    )
    assert shown == {
        "compared": {"new": "now", "old": "below", "file_systems": [{"path": "/", "new": ["/upper", "/l"], "old": ["/l"]}]},
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
