# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, initramfs, layout, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_info
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import MIB, ROOT, FakeHost, mount

UNION = mount(2, 1, "/m", "overlay", "lowerdir=/l,upperdir=/u,workdir=/w,redirect_dir=on", "0:50")
PLAIN = FakeHost(folders=("/m", "/l", "/u", "/w"))
HOST = PLAIN._replace(mounts=(ROOT, UNION))
BOOTED = (ROOT, mount(2, 1, layout.BASE))
CONF = bootconf.BootConf(data="LABEL=data", data_type="ext4").text


def show(host, path=None):
    wanted = union_info.wanted({"path": path})
    return union_info.show(host.see(union_info.sight(wanted)), wanted)


def test_a_host_with_nothing():
    assert show(PLAIN) == {"unions": [], "root": None, "initramfs": [], "store": None, "session": None}


def test_a_union():
    assert show(HOST)["unions"] == [
        {
            "path": "/m",
            "backend": "overlay",
            "lower": ["/l"],
            "upper": "/u",
            "work": "/w",
            "options": {
                "index": "off",
                "metacopy": "off",
                "nfs_export": "off",
                "redirect_dir": "on",
                "verity": "off",
            },
            "read_only": False,
            "upper_present": True,
            "usage": {
                "size_bytes": 100 * MIB,
                "used_bytes": 40 * MIB,
                "available_bytes": 50 * MIB,
                "inodes": 1000,
                "inodes_used": 100,
                "inodes_free": 900,
            },
        }
    ]


def test_a_union_without_upper():
    (union,) = show(PLAIN._replace(mounts=(ROOT, mount(2, 1, "/m", "overlay", "lowerdir=/l:/u"))))["unions"]
    assert (union["read_only"], union["upper_present"], union["usage"]) == (True, False, None)


def test_a_union_whose_upper_went_read_only():
    ours = mount(2, 1, "/m", "overlay", "lowerdir=/l,upperdir=/u,workdir=/w", access="ro")
    (union,) = show(PLAIN._replace(mounts=(ROOT, ours)))["unions"]
    assert union["read_only"] and union["usage"]


def test_a_union_whose_upper_was_unmounted_still_has_its_usage():
    (union,) = show(HOST._replace(folders=("/m", "/l")))["unions"]
    assert not union["upper_present"]
    assert union["usage"]["size_bytes"] == 100 * MIB


def test_a_union_that_another_mount_hides():
    (union,) = show(HOST._replace(mounts=(ROOT, UNION, mount(3, 2, "/m", "tmpfs"))))["unions"]
    assert union["usage"] is None


def test_one_union():
    other = mount(3, 1, "/l", "overlay", "lowerdir=/u:/w", "0:51")
    host = HOST._replace(mounts=(ROOT, UNION, other), links={"/link": "/m"})
    for path in ("/m", "/m/", "/link"):
        shown = show(host, path)
        assert list(shown) == ["unions"]
        assert [union["path"] for union in shown["unions"]] == ["/m"]
    assert show(host, "/w") == {"unions": []}


def test_a_relative_path():
    with pytest.raises(OverlayrootError, match="not an absolute path"):
        show(HOST, "m")


def test_a_protected_root():
    record = "protected=yes\nreason=\nbackend=overlay\ngeneration=0\n\n"
    host = PLAIN._replace(files={layout.RECORD: record, layout.BASE + bootconf.PATH: CONF}, mounts=BOOTED)
    assert show(host)["root"] == {"protected": True, "reason": "", "backend": "overlay", "generation": "0"}


def test_a_root_that_should_be_protected():
    record = "protected=no\nreason=upper: no such device, a=b\n"
    host = PLAIN._replace(files={layout.RECORD: record, bootconf.PATH: CONF})
    assert show(host)["root"] == {"protected": False, "reason": "upper: no such device, a=b"}


def test_a_root_that_was_unprovisioned_in_this_boot():
    host = PLAIN._replace(files={layout.RECORD: "protected=no\nreason=boot/next asked for mode=off\n"})
    assert show(host)["root"] is None


def test_a_root_that_was_not_booted_yet():
    root = show(PLAIN._replace(files={bootconf.PATH: CONF}))["root"]
    assert root["protected"] is False
    assert "has not started by way of the boot hook" in root["reason"]


@pytest.mark.parametrize("prefix, mounts", [("", (ROOT,)), (layout.BASE, BOOTED)])
def test_what_an_initramfs_lacks(prefix, mounts):
    library = "# library\n"
    good = initramfs.with_union(frozenset(("init",)), library, ("overlay", "ext4"), initramfs.INITRAMFS_TOOLS)
    host = PLAIN._replace(
        files={prefix + bootconf.PATH: CONF, prefix + initramfs.LIBRARY: library},
        mounts=mounts,
        initramfs={"6.1.0-2": frozenset(("init",)), "6.1.0-1": good},
    )
    first, second = show(host)["initramfs"]
    assert first == {"kernel": "6.1.0-1", "lacking": []}
    assert second["kernel"] == "6.1.0-2"
    assert "kernel module ext4" in second["lacking"]


def test_the_store():
    host = PLAIN._replace(
        mounts=(ROOT, mount(2, 1, layout.DATA)),
        small_files={
            f"{layout.STORE}/generations": {"10": "base\ncourse\n", "2": "base\n", "2.aside": "x"},
            f"{layout.STORE}/layers": {
                "base": None,
                "base.json": '{"size": 5}',
                "course": None,
                "course.json": "damaged",
                "list": None,
                "list.json": "[]",
            },
            f"{layout.STORE}/boot": {"current": "10\n"},
        },
    )
    assert show(host)["store"] == {
        "generations": [{"number": 2, "layers": ["base"]}, {"number": 10, "layers": ["base", "course"]}],
        "current": 10,
        "layers": [{"id": "base", "size": 5}, {"id": "course"}, {"id": "list"}],
    }


def test_an_empty_store():
    host = PLAIN._replace(mounts=(ROOT, mount(2, 1, layout.DATA)), small_files={f"{layout.STORE}/generations": {}})
    assert show(host)["store"] == {"generations": [], "current": 0, "layers": []}


def test_no_store_where_the_data_is_not_mounted():
    host = PLAIN._replace(small_files={f"{layout.STORE}/generations": {}})
    assert show(host)["store"] is None


SAVED = {"result": "saved", "began": "2026-11-21T08:00:00Z", "seconds": 4, "told": {"layer": {"id": "s", "files": 3, "bytes": 5}}}


@pytest.mark.parametrize(
    "noted, shown",
    [
        (json.dumps(SAVED), {**SAVED, "told": None, "layer": "s", "files": 3, "bytes": 5, "problem": "", "targets": []}),
        (
            json.dumps({**SAVED, "result": "lost", "told": {"failed": True, "msg": "no room"}}),
            {**SAVED, "told": None, "result": "lost", "layer": "", "files": 0, "bytes": 0, "problem": "no room", "targets": []},
        ),
        (
            json.dumps({**SAVED, "result": "begun", "told": None}),
            {**SAVED, "told": None, "result": "begun", "layer": "", "files": 0, "bytes": 0, "problem": "", "targets": []},
        ),
        (
            json.dumps({**SAVED, "targets": [{"name": "web", "result": "unchanged", "told": None}]}),
            {
                **SAVED,
                "told": None,
                "layer": "s",
                "files": 3,
                "bytes": 5,
                "problem": "",
                "targets": [{"name": "web", "result": "unchanged", "layer": "", "files": 0, "bytes": 0, "problem": ""}],
            },
        ),
        ("", None),
        ("{", None),
        ("[]", None),
        ('{"result": "saved"}', None),
        (None, None),
    ],
)
def test_what_became_of_the_session(noted, shown):
    if shown:
        del shown["told"]
    host = PLAIN._replace(small_files={store.BOOT: {"session": noted}})
    assert show(host)["session"] == shown
