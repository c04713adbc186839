# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.labs.overlayroot.plugins.filter import status_problem as plugin

WHOLE = [{"kernel": "6.1", "lacking": []}]
STALE = [{"kernel": "6.1", "lacking": ["the boot script", "kernel module overlay"]}]


def problem(info):
    return plugin.FilterModule().filters()["status_problem"](info)


@pytest.mark.parametrize(
    "info",
    [
        {"root": {"protected": True, "reason": ""}, "initramfs": WHOLE},
        {"root": None, "initramfs": []},
    ],
)
def test_nothing_is_wrong(info):
    assert problem(info) == ""


def test_the_documented_line():
    root = {"protected": False, "reason": "data file system LABEL=overlayroot not found"}
    sample = yaml.safe_load(plugin.RETURN)["_value"]["sample"]
    assert problem({"root": root, "initramfs": WHOLE}) == sample


def test_a_kernel_that_would_not_start_the_union():
    assert problem({"root": {"protected": True}, "initramfs": STALE}) == (
        "the initramfs of 6.1 lacks the boot script, kernel module overlay. Run the playbook labs.overlayroot.provision."
    )


def test_both_at_once_on_one_line():
    line = problem({"root": {"protected": False, "reason": ""}, "initramfs": STALE})
    assert line.startswith("the root is not protected: no reason is known. ")
    assert "the initramfs of 6.1 lacks" in line
    assert "\n" not in line


def test_an_unreachable_host():
    assert problem({"unreachable": True, "msg": "No route\nto host."}) == (
        "the host cannot be reached: No route to host. Start it, or look at its console."
    )


def test_a_module_that_failed():
    assert problem({"msg": "no python"}) == (
        "the state of the host cannot be read: no python. Remove the cause and look again."
    )
