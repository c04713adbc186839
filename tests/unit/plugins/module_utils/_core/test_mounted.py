# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import mounted
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import Sight
from ansible_collections.labs.overlayroot.plugins.module_utils._core.union import Union
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount

BASE = Union("/m", ("/l",), "/u", "/w", {"index": "off", "redirect_dir": "on", "xino": "auto"})


def read(options, parameters=None):
    """The Union that is mounted at /m with these options, and the State that shows it."""
    ours = mount(2, 1, "/m", "overlay", options.partition(",")[2], "0:50", access=options.partition(",")[0])
    state = FakeHost(mounts=(ROOT, ours), overlay=parameters or {}).see(Sight(layers=True))
    return mounted.at(state, "/m"), state


def test_unions():
    _found, state = read("rw,lowerdir=/l,upperdir=/u,workdir=/w")
    assert [(found.id, union.path) for found, union in mounted.unions(state)] == [(2, "/m")]
    assert mounted.at(state, "/l") is None


@pytest.mark.parametrize(
    "options, wanted, parameters, differing",
    [
        ("redirect_dir=on,uuid=on", {}, {}, {}),
        ("redirect_dir=on,xino=on", {}, {}, {}),
        ("redirect_dir=on", {"xino": "off"}, {}, {}),
        ("redirect_dir=on,xino=on", {"xino": "off"}, {}, {"xino": ("on", "off")}),
        ("redirect_dir=on,index=on", {}, {}, {"index": ("on", "off")}),
        ("redirect_dir=on", {}, {"index": True}, {"index": ("on", "off")}),
        ("index=off", {}, {"index": True, "redirect_dir": True}, {}),
        ("", {}, {}, {"redirect_dir": ("follow", "on")}),
        ("", {"redirect_dir": "off"}, {}, {}),
        ("redirect_dir=nofollow", {"redirect_dir": "off"}, {"redirect_always_follow": False}, {}),
        ("redirect_dir=nofollow", {"redirect_dir": "off"}, {}, {"redirect_dir": ("nofollow", "off")}),
        ("redirect_dir=on,volatile", {}, {}, {"volatile": (True, None)}),
        ("redirect_dir=on", {"volatile": True}, {}, {"volatile": (None, True)}),
        ("redirect_dir=on,uuid=null", {"uuid": "auto"}, {}, {}),
        ("redirect_dir=on,uuid=null", {"uuid": "on"}, {}, {"uuid": ("null", "on")}),
        ("redirect_dir=on", {"uuid": "on"}, {}, {}),
        ("redirect_dir=on,uuid=null", {"uuid": "off"}, {}, {}),
        ("redirect_dir=on,uuid=on", {"uuid": "off"}, {}, {"uuid": ("on", "off")}),
        ("redirect_dir=on,verity=on", {"verity": "on"}, {}, {}),
        ("redirect_dir=on", {"verity": "on"}, {}, {"verity": ("off", "on")}),
    ],
)
def test_differences_in_options(options, wanted, parameters, differing):
    found, state = read(",".join(filter(None, ["rw,lowerdir=/l,upperdir=/u,workdir=/w", options])), parameters)
    union = BASE._replace(options={**BASE.options, **wanted})
    assert mounted.differences(state, found, union) == differing
    words = mounted.in_words_of(state, found, union).options
    assert {name: value for name, value in words.items() if name not in differing} == {
        name: value for name, value in union.options.items() if name not in differing
    }


@pytest.mark.parametrize("wanted", ["on", "follow", "off"])
def test_a_read_only_union_has_nothing_to_rename(wanted):
    found, state = read("ro,lowerdir=/a:/b,redirect_dir=on")
    union = Union("/m", ("/a", "/b"), options={"redirect_dir": wanted, "index": "on"})
    assert mounted.differences(state, found, union) == {}


def test_differences_in_layers():
    found, state = read("rw,lowerdir=/l,upperdir=/u,workdir=/w,redirect_dir=on")
    wanted = BASE._replace(lower=("/l", "/k"), upper="/v")
    assert mounted.differences(state, found, wanted) == {"lower": (("/l",), ("/l", "/k")), "upper": ("/u", "/v")}
