# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout, plan, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.commit import (
    ANOTHER,
    NOTHING,
    THE_SOURCE,
    UNKNOWN,
    Found,
    Room,
    Source,
    Tree,
)
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import base, union_commit
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount

PARAMS = {name: argument.get("default") for name, argument in union_commit.ARGUMENTS.items()}
FOLDERS = ("/m", "/k", "/l", "/rw/upper", "/rw/work", "/srv/images")
LAYERS = "lowerdir=/k:/l,upperdir=/rw/upper,workdir=/rw/work"
TARGET = "/srv/images/new"


def host(*more, options=LAYERS, **about):
    return FakeHost(folders=FOLDERS, mounts=(ROOT, mount(2, 1, "/m", "overlay", options, "0:50"), *more), **about)


def wanted(**params):
    return union_commit.wanted({**PARAMS, "source": ["/m"], "target": TARGET, **params})


def job(seen_by, **params):
    asked = wanted(**params)
    return union_commit.job(seen_by.see(union_commit.sight(asked)), asked)


def test_a_union():
    asked = job(host())
    assert asked.source == Source(union="/m")
    assert asked.image == (TARGET, "squashfs", "zstd")
    assert job(host(links={"/link": "/m", "/there": "/srv"}), source=["/link"], target="/there/images/new") == asked


def test_what_is_below_its_upper():
    assert job(host(), upper=False).source == Source(layers=("/k", "/l"))
    assert job(host(options=LAYERS + ",userxattr"), upper=False).source.userxattr
    read_only = host(options="lowerdir=/k:/l")
    assert job(read_only, upper=False).source == Source(layers=("/k", "/l"))
    assert job(read_only).source == Source(union="/m")


def test_what_is_below_an_upper_may_be_committed_into_that():
    assert job(host(), upper=False, target="/m/new").source.layers == ("/k", "/l")
    with pytest.raises(OverlayrootError, match="lies within the source"):
        job(host(), upper=False, target="/l/new")


def test_layers():
    assert job(host(), source=["/k", "/l"], userxattr=True).source == Source(layers=("/k", "/l"), userxattr=True)
    assert job(host(), source=["/k"]).source == Source(layers=("/k",))


@pytest.mark.parametrize(
    ("seen_by", "params", "said"),
    [
        (host(), {"source": ["/none"]}, "layer /none: is no folder"),
        (host(), {"source": ["/m", "/none"]}, "layer /none: is no folder"),
        (host(), {"source": ["/rw/upper", "/k"]}, "layer /rw/upper: is in use: the union at /m writes to it"),
        (host(options=LAYERS.replace("/k:", "k:")), {"upper": False}, "layer k: was given to mount as a relative path"),
        (host(options=LAYERS.replace("/k:", "/gone:")), {"upper": False}, "layer /gone: is not there any more"),
        (host(), {"target": "/none/new"}, "target /none/new: /none is no folder"),
        (host(), {"target": "/m/new"}, "target /m/new: lies within the source"),
        (host(), {"target": "/rw/upper/new"}, "target /rw/upper/new: lies within the source"),
        (host(), {"target": "/l/new", "source": ["/k", "/l"]}, "target /l/new: lies within the source"),
        (host(), {"target": "/srv/images", "source": ["/srv/images"]}, "target /srv/images: lies within the source"),
        (host(), {"target": "/srv", "source": ["/srv/images"]}, "target /srv: lies within the source"),
        (host(), {"target": "/l"}, "target /l: is in use: it is a layer of the union at /m"),
        (host(), {"target": "/rw", "source": ["/srv"]}, "target /rw: is in use: it is a layer of the union at /m"),
        (host(mount(3, 1, TARGET, "tmpfs")), {}, f"target {TARGET}: is in use: tmpfs is mounted at {TARGET}"),
        (host(mount(3, 1, TARGET + "/a", "tmpfs")), {}, f"target {TARGET}: is in use: tmpfs is mounted at {TARGET}/a"),
        (host(mount(3, 1, TARGET + ".old", "tmpfs")), {}, f"target {TARGET}.old: is in use: tmpfs is mounted"),
        (host(), {"target": "/"}, "target /: cannot be replaced"),
    ],
)
def test_what_cannot_be_committed(seen_by, params, said):
    with pytest.raises(OverlayrootError) as caught:
        job(seen_by, **params)
    assert said in str(caught.value)


def test_a_target_that_is_a_layer_by_another_name():
    bound = mount(3, 1, "/srv/images", device="8:1", root="/l")
    with pytest.raises(OverlayrootError, match="target /srv/images/new: lies within the source"):
        job(host(bound))


SAVED = {
    store.TOP: {},
    store.LAYERS: {"a": None, "a.json": '{"sha256": "1"}', "b": None},
    store.GENERATIONS: {"1": "a\n"},
    store.BOOT: {},
}


def test_the_layers_of_the_store_are_known():
    layers = (f"{store.LAYERS}/a", f"{store.LAYERS}/b/usr")
    options = f"lowerdir={':'.join(layers)}:/l,upperdir=/rw/upper,workdir=/rw/work"
    stored = host(mount(3, 1, layout.DATA), options=options)._replace(folders=(*FOLDERS, *layers), small_files=SAVED)
    saved = {"a": {"sha256": "1"}, "b": {}}
    assert job(stored).source == Source(union="/m", saved=saved)
    assert job(stored, upper=False).source.saved == saved
    assert job(stored, source=[layers[0], "/l"]).source.saved == {"a": {"sha256": "1"}}
    assert job(stored, source=["/k"]).source.saved == {}


def booted(**about):
    """A host that was booted into a generation that stands on an image."""
    root = mount(1, 0, "/", "overlay", f"lowerdir={store.LAYERS}/b:{layout.IMAGE},upperdir=/rw/upper,workdir=/rw/work")
    layers = {"old.ext4": None, "old.ext4.json": '{"sha256": "2"}', "b": None}
    more = {
        "folders": (*FOLDERS, f"{store.LAYERS}/b", layout.IMAGE),
        "small_files": {**SAVED, store.LAYERS: layers, store.GENERATIONS: {"1": "a\n", "2": "old.ext4\nb\n"}},
        "files": {layout.RECORD: "protected=yes\ngeneration=2\npersistence=none\n"},
        "mounts": (
            root,
            mount(2, 1, layout.BASE),
            mount(3, 1, layout.DATA),
            mount(4, 1, layout.IMAGE, "ext4"),
            mount(5, 1, "/k", "overlay", "lowerdir=/l"),
        ),
        "initramfs": {"6": frozenset(("kernel/loop.ko", "kernel/squashfs.ko"))},
        **about,
    }
    return FakeHost(**more)


STORED = {"target": None, "store": "new", "source": ["/"], "upper": False}


def test_into_the_store():
    asked = job(booted(), **STORED)
    assert asked.image == (f"{store.LAYERS}/new.squashfs", "squashfs", "zstd")
    assert asked.source.layers == (f"{store.LAYERS}/b", layout.IMAGE)
    assert asked.source.saved == {"b": {}, "old.ext4": {"sha256": "2"}}
    assert not (asked.keeps_old or asked.is_used)
    assert union_commit.then(wanted(**STORED)) == (base, base.Wanted("new.squashfs", False))
    assert union_commit.then(wanted(**STORED, state="rehearsed")) is None
    assert union_commit.then(wanted()) is None


def test_an_image_that_a_generation_has_is_not_made_again():
    generations = {"1": "new.squashfs\nb\n", "2": "b\n"}
    asked = job(booted(small_files={**booted().small_files, store.GENERATIONS: generations}), **STORED)
    assert asked.is_used
    assert union_commit.plan(Found(TREE, ROOMY, UNKNOWN), asked, wanted(**STORED)) == ()


@pytest.mark.parametrize(
    ("about", "params", "said"),
    [
        ({}, {"source": ["/k"]}, "store new.squashfs: takes the root that the host has booted. Give source: /"),
        ({}, {"target": "/srv/new"}, "target: has to be given, or a name in the store, not both"),
        ({}, {"store": None}, "target: has to be given, or a name in the store, not both"),
        ({}, {"format": "directory"}, "format directory: is none that a host boots from"),
        ({}, {"store": "a/b"}, "layer a/b: is no name of a layer"),
        ({}, {"format": "ext4"}, "initramfs of 6: lacks the kernel module ext4, so it cannot boot from an image"),
    ],
)
def test_what_cannot_go_into_the_store(about, params, said):
    with pytest.raises(OverlayrootError) as caught:
        job(booted(**about), **{**STORED, **params})
    assert said in str(caught.value)


def test_a_target_that_is_a_device():
    asked = wanted()
    seen = host().see(union_commit.sight(asked)).with_kind(TARGET, "other")
    with pytest.raises(OverlayrootError, match=f"target {TARGET}: is neither a file nor a folder"):
        union_commit.job(seen, asked)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"source": []}, "source: is empty"),
        ({"source": ["m"]}, "is not an absolute path"),
        ({"target": "new"}, "is not an absolute path"),
    ],
)
def test_bad_input(params, said):
    with pytest.raises(OverlayrootError, match=said):
        wanted(**params)


TREE = Tree(bytes=40 << 20, inodes=100, compressed=10 << 20)
ROOMY = Room(1 << 40, None)


def steps(found, **params):
    asked = wanted(**params)
    return union_commit.plan(found, job(host(), **params), asked)


def test_nothing_is_there_yet():
    (step,) = steps(Found(TREE, ROOMY, NOTHING))
    assert step.tree == TREE
    assert not step.destroys
    assert step.show() == {"step": "commit", "path": TARGET, "format": "squashfs", "compression": "zstd", "replaces": False}


@pytest.mark.parametrize("replace", [False, True])
def test_the_same_is_there(replace):
    assert steps(Found(TREE, ROOMY, THE_SOURCE), replace=replace) == ()


def test_something_else_is_there():
    with pytest.raises(OverlayrootError, match=f"target {TARGET}: is there already, and holds another tree. Set replace"):
        steps(Found(TREE, ROOMY, ANOTHER))
    (step,) = steps(Found(TREE, ROOMY, ANOTHER), replace=True, keep_old=False)
    assert step.destroys
    assert not step.keeps_old
    asked = wanted(replace=True)
    plan.check((step,), union_commit.asked(step, asked))
    with pytest.raises(OverlayrootError, match="would be destroyed"):
        plan.check((step,), union_commit.asked(step, wanted()))


@pytest.mark.parametrize("holds", [NOTHING, ANOTHER])
@pytest.mark.parametrize("format_", ["squashfs", "ext4", "directory"])
def test_what_was_committed_is_not_committed_again(holds, format_):
    found = Found(TREE, ROOMY, holds)
    planned = steps(found, format=format_, replace=True)
    assert planned
    assert steps(plan.simulate(found, planned), format=format_, replace=True) == ()


@pytest.mark.parametrize("holds", [UNKNOWN, ANOTHER])
def test_a_rehearsal_changes_nothing_and_refuses_nothing(holds):
    tree = TREE._replace(unfit=(("system.posix_acl_access", "/f"),))
    assert steps(Found(tree, Room(1, 0), holds), state="rehearsed") == ()


@pytest.mark.parametrize(
    ("format_", "free", "said"),
    [
        ("squashfs", Room((10 << 20) - 1, None), "takes 10485760 bytes, and its file system has 10485759 free"),
        ("squashfs", Room(10 << 20, 0), "takes 1 inodes, and its file system has 0 free"),
        ("directory", Room((40 << 20) - 1, None), "takes 41943040 bytes"),
        ("directory", Room(1 << 40, 99), "takes 100 inodes, and its file system has 99 free"),
        ("ext4", Room(50 << 20, None), "bytes, and its file system has 52428800 free"),
    ],
)
def test_too_little_room(format_, free, said):
    with pytest.raises(OverlayrootError) as caught:
        steps(Found(TREE, free, NOTHING), format=format_)
    assert said in str(caught.value)


@pytest.mark.parametrize(("format_", "free"), [("squashfs", Room(10 << 20, 1)), ("directory", Room(40 << 20, 100))])
def test_just_enough_room(format_, free):
    assert steps(Found(TREE, free, NOTHING), format=format_)


def test_what_the_format_cannot_hold():
    found = Found(TREE._replace(unfit=(("system.posix_acl_access", "/f"),)), ROOMY, NOTHING)
    with pytest.raises(OverlayrootError, match="^/f: has the attribute system.posix_acl_access, which squashfs cannot hold"):
        steps(found)
    (step,) = steps(found, drop_acls=True)
    assert "system.posix_acl_access" in step.dropped
    other = Found(TREE._replace(unfit=(("system.other", "/f"),)), ROOMY, NOTHING)
    with pytest.raises(OverlayrootError, match="^/f: has the attribute system.other"):
        steps(other, drop_acls=True)


def test_what_is_shown():
    tree = TREE._replace(unfit=(("system.posix_acl_access", "/f"),))
    found = Found(tree, Room(1 << 30, 5), ANOTHER, 4096)
    assert union_commit.show(found, job(host())) == {
        "image": {"path": TARGET, "format": "squashfs", "compression": "zstd", "holds": "another tree", "size": 4096},
        "sizes": {
            "bytes": 40 << 20,
            "inodes": 100,
            "needed": 10 << 20,
            "needed_inodes": 1,
            "available": 1 << 30,
            "available_inodes": 5,
            "fits": True,
        },
        "unfit": [{"attribute": "system.posix_acl_access", "path": "/f"}],
    }
    ext4 = union_commit.show(found._replace(free=Room(1, 5)), job(host(), format="ext4"))
    assert ext4["image"]["compression"] is None
    assert not ext4["sizes"]["fits"]
