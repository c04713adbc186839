# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With commands that stand in for those of util-linux."""

from __future__ import annotations

import os

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._host import devices

FINDFS = '[ "$1" = "LABEL=a b" ] || exit 1\necho /dev/found\n'
BLKID = """\
[ "$1 $2 $3 $4 $5" = "-p -s TYPE -o value" ] || exit 4
case $6 in
    /dev/found) echo xfs ;;
    /dev/plain) echo ext4 ;;
    *) exit 2 ;;
esac
"""


@pytest.fixture(name="commands", autouse=True)
def _commands(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "%s:%s" % (tmp_path, os.environ["PATH"]))
    for name, script in (("findfs", FINDFS), ("blkid", BLKID)):
        (tmp_path / name).write_text("#!/bin/sh\n" + script, encoding="utf-8")
        (tmp_path / name).chmod(0o755)


@pytest.mark.parametrize(
    "name, fstype", [("/dev/plain", "ext4"), ("LABEL=a b", "xfs"), ("/dev/empty", ""), ("UUID=none", None)]
)
def test_fstype(name, fstype, monkeypatch):
    monkeypatch.setattr(devices, "_is_block", lambda path: path.startswith("/dev/"))
    assert devices.fstype(name) == fstype


def test_what_is_no_device(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert devices.fstype(str(tmp_path / "file")) is None
    assert devices.fstype(str(tmp_path / "nothing")) is None
    assert devices.fstype("/dev/null") is None
