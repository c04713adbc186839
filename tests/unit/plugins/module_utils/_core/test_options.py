# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import options
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError

STATED = {"index": "off", "metacopy": "off", "nfs_export": "off", "redirect_dir": "on", "xino": "auto"}


def test_booleans_are_spelled_as_overlayfs_does():
    given = {"index": True, "metacopy": False, "uuid": "null", "volatile": True, "userxattr": False}
    assert options.check_options(given) == {"index": "on", "metacopy": "off", "uuid": "null", "volatile": True}


@pytest.mark.parametrize(
    "given, message",
    [
        ({"lowerdir": "/x"}, "option lowerdir: overlayfs options do not include it"),
        ({"index": "maybe"}, "option index: the value 'maybe' is not allowed. Use one of off, on"),
        ({"index": 1}, "the value 1 is not allowed"),
        ({"index": ["on"]}, "is not allowed"),
        ({"volatile": "yes"}, "option volatile: the value 'yes' is not allowed. Use one of true or false"),
    ],
)
def test_what_is_not_an_option(given, message):
    with pytest.raises(OverlayrootError, match=message):
        options.check_options(given)


def test_what_decides_portability_is_always_stated():
    assert options.complete_options({}, (6, 12)) == STATED
    assert options.complete_options({"index": "on", "volatile": True}, (6, 12)) == {
        **STATED,
        "index": "on",
        "volatile": True,
    }


def test_what_an_old_kernel_does_not_know_is_not_stated():
    assert options.complete_options({}, (4, 12)) == {"redirect_dir": "on"}


def test_userxattr_rules_out_redirects():
    assert options.complete_options({"userxattr": True}, (6, 12))["redirect_dir"] == "nofollow"


@pytest.mark.parametrize(
    "given, kernel, message",
    [
        ({"verity": "on"}, (6, 5), "option verity=on: needs Linux 6.6, this is 6.5"),
        ({"uuid": "null"}, (6, 1), "option uuid=null: needs Linux 6.6"),
        ({"uuid": "off"}, (5, 10), "needs Linux 5.11"),
        ({"volatile": True}, (5, 9), "option volatile: needs Linux 5.10"),
    ],
)
def test_what_the_kernel_does_not_know(given, kernel, message):
    with pytest.raises(OverlayrootError, match=message):
        options.complete_options(given, kernel)


@pytest.mark.parametrize(
    "given, writable, message",
    [
        ({"metacopy": "on", "redirect_dir": "follow"}, True, "metacopy=on: needs redirect_dir=on"),
        ({"nfs_export": "on"}, True, "nfs_export=on: needs index=on"),
        ({"nfs_export": "on", "index": "on", "metacopy": "on"}, True, "nfs_export=on: needs metacopy=off"),
        ({"nfs_export": "on", "index": "on"}, False, "nfs_export=on: needs redirect_dir=nofollow"),
        ({"userxattr": True, "redirect_dir": "on"}, True, "userxattr: needs redirect_dir=nofollow"),
        ({"userxattr": True, "metacopy": "on", "redirect_dir": "on"}, True, "userxattr: needs metacopy=off"),
        ({"verity": "require"}, True, "verity=require: needs metacopy=on"),
        ({"volatile": True}, False, "volatile: needs an upper"),
        ({"uuid": "on"}, False, "uuid=on: needs an upper"),
    ],
)
def test_what_does_not_go_together(given, writable, message):
    complete = options.complete_options(given, (6, 12))
    with pytest.raises(OverlayrootError, match=message):
        options.check_combination(complete, writable)


@pytest.mark.parametrize(
    "given, writable",
    [
        ({}, True),
        ({}, False),
        ({"metacopy": "on"}, True),
        ({"metacopy": "on", "redirect_dir": "follow"}, False),
        ({"nfs_export": "on", "index": "on"}, True),
        ({"userxattr": True}, True),
        ({"verity": "on", "metacopy": "on"}, True),
    ],
)
def test_what_goes_together(given, writable):
    options.check_combination(options.complete_options(given, (6, 12)), writable)


def test_render():
    assert options.render_options({"xino": "auto", "volatile": True, "index": "off"}) == "index=off,volatile,xino=auto"
    assert options.render_options({}) == ""
