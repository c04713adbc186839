# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import yaml
from ansible_collections.labs.overlayroot.plugins.filter import status_table as plugin

PROTECTED = {
    "unions": [
        {"path": "/srv/course", "usage": {"size_bytes": 100, "used_bytes": 99}},
        {"path": "/", "usage": {"size_bytes": 1000, "used_bytes": 31}},
    ],
    "root": {
        "protected": True,
        "reason": "",
        "backend": "overlay",
        "persistence": "none",
        "generation": "0",
        "layers": "0",
        "on_failure": "open",
    },
    "initramfs": [{"kernel": "6.1.0-40-amd64", "lacking": []}],
    "store": None,
}
FAILED_OPEN = {
    "unions": [],
    "root": {
        "protected": False,
        "reason": "data file system sdb1 not found",
        "backend": "overlay",
        "persistence": "upper",
        "generation": "0",
    },
    "initramfs": [{"kernel": "6.1.0-40-amd64", "lacking": ["the boot script"]}],
}
UNREACHABLE = {"unreachable": True, "msg": "Connection timed out.\n"}


def table(**infos):
    hosts = [
        {"inventory_hostname": name.replace("_", "-"), **({} if info is None else {"overlayroot_info": info})}
        for name, info in infos.items()
    ]
    return plugin.FilterModule().filters()["status_table"](hosts)


def test_the_documented_table():
    sample = yaml.safe_load(plugin.RETURN)["_value"]["sample"]
    assert table(kiosk_1=PROTECTED, kiosk_2=FAILED_OPEN, kiosk_3=UNREACHABLE) == sample


def test_a_host_that_is_not_provisioned():
    assert table(a={"unions": [], "root": None, "initramfs": []})[1].startswith("a     not provisioned  -")


def test_a_host_where_the_module_failed():
    line = table(a={"failed": False, "msg": "no python\non this host"})[1]
    assert line.split()[:2] == ["a", "unknown"]
    assert line.endswith("no python on this host")


def test_a_host_that_was_never_asked():
    assert table(a=None)[1].split() == ["a", "unknown", *"------"]


def test_several_kernels_lack_something():
    lacking = {kernel: [{"kernel": kernel, "lacking": ["x"]}] for kernel in ("1", "2")}
    assert " 1,2 " in table(a={**PROTECTED, "initramfs": lacking["1"] + lacking["2"]})[1]


def test_a_root_union_without_upper_or_size():
    for usage in (None, {"size_bytes": 0, "used_bytes": 0}):
        assert "%" not in table(a={**PROTECTED, "unions": [{"path": "/", "usage": usage}]})[1]


def test_columns_are_aligned():
    lines = table(a=PROTECTED, a_longer_name=FAILED_OPEN)
    starts = [lines[0].index(name) for name in plugin.HEAD]
    for line in lines:
        assert all(line[start] != " " and (start == 0 or line[start - 2 : start] == "  ") for start in starts)


def test_no_hosts():
    assert table() == ["  ".join(plugin.HEAD)]
