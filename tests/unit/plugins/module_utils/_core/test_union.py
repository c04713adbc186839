# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import backends, mountinfo
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import State
from ansible_collections.labs.overlayroot.plugins.module_utils._core.union import Union, from_mount
from hypothesis import given, settings
from hypothesis import strategies as st

CASES = json.loads((Path(__file__).parents[4] / "fixtures/mount_options.json").read_text(encoding="utf-8"))
BASE = Union("/m", ("/l",), "/u", "/w", {"index": "off", "redirect_dir": "on", "xino": "auto"})


def escape_as_kernel(text):
    """As seq_show_option() does for mountinfo."""
    return "".join(f"\\{ord(char):03o}" if char in ",= \t\n\\" else char for char in text)


def shown(union):
    """The line of mountinfo that the kernel shows for a union."""
    pairs = (key if value is None else f"{key}={escape_as_kernel(value)}" for key, value in union.shown())
    path = escape_as_kernel(union.path).replace(r"\054", ",").replace(r"\075", "=")
    return f"2 1 0:50 / {path} rw - overlay overlay {','.join(pairs)}\n"


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_mount_options(case):
    union = Union("/m", tuple(case["lower"]), case["upper"], case["work"], case["options"])
    assert union.mount_options() == case["text"]


PATHS = st.binary(min_size=1).filter(lambda raw: b"\0" not in raw).map(lambda raw: "/" + raw.decode("utf-8", "surrogateescape"))


@given(st.lists(PATHS, min_size=1, max_size=3), st.none() | PATHS, PATHS)
@settings(derandomize=True, database=None)
def test_any_path_comes_back_from_mountinfo(lower, upper, path):
    union = Union(path, tuple(lower), upper, None if upper is None else upper + "w", {"index": "off"})
    (mount,) = mountinfo.parse(shown(union))
    assert from_mount(mount, {})._replace(options={}) == union._replace(options={})


def read(options):
    (mount,) = mountinfo.parse(f"2 1 0:50 / /m rw - overlay overlay {options}\n")
    return mount


def test_what_the_kernel_leaves_out_has_the_default_of_the_module():
    parameters = {"index": True, "metacopy": False, "redirect_dir": False, "redirect_always_follow": False}
    assert from_mount(read("rw,lowerdir=/l,upperdir=/u,workdir=/w,uuid=on"), parameters).options == {
        "index": "on",
        "metacopy": "off",
        "nfs_export": "off",
        "redirect_dir": "nofollow",
        "uuid": "on",
        "verity": "off",
    }


@pytest.mark.parametrize("flag", ["volatile", "fsync=volatile"])
def test_volatile_by_either_name(flag):
    assert from_mount(read(f"rw,lowerdir=/l,upperdir=/u,workdir=/w,{flag}"), {}).options["volatile"] is True


def test_a_mount_made_with_fsconfig():
    union = from_mount(read(r"ro,lowerdir+=/a:b,lowerdir+=/c\134d,datadir+=/e"), {})
    assert union.lower == ("/a:b", "/c\\d", "/e")


def test_data_only_layers_are_lowers():
    assert from_mount(read("ro,lowerdir=/a:/b::/c"), {}).lower == ("/a", "/b", "/c")


def test_another_type_is_no_union():
    assert backends.from_mount(mountinfo.parse("2 1 0:50 / /m rw - tmpfs x rw\n")[0], State()) is None


def test_what_the_kernel_leaves_in_the_work_folder():
    assert BASE.work_folders() == ("/w/work",)
    assert BASE._replace(options={"index": "on", "volatile": True}).work_folders() == (
        "/w/work",
        "/w/index",
        "/w/work/incompat",
        "/w/work/incompat/volatile",
    )
    assert BASE._replace(upper=None, work=None).work_folders() == ()
