# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps that concern the next boot: Remount, BuildInitramfs, RestoreInitramfs."""

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, initramfs, layout, mountinfo, plan
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import File, State
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import (
    BuildInitramfs,
    Remount,
    RemoveFile,
    RestoreInitramfs,
    WriteFile,
)
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, mount

PLAIN = frozenset(("init",))
FILES = {
    **{tool.build: None for tool in initramfs.TOOLS},
    initramfs.DRACUT.build: File("hook\n"),
    initramfs.LIBRARY: File("library\n"),
    bootconf.PATH: File(BootConf(data="LABEL=data", data_type="xfs").text),
}
USABLE = dict.fromkeys(("6.1", "6.2"), frozenset(("overlay",)))
STATE = State(mounts=(ROOT,), files=FILES, initramfs={"6.1": PLAIN, "6.2": PLAIN}, backends=USABLE)


@pytest.mark.parametrize(
    "step, shown",
    [
        (Remount("/m", True), {"step": "remount", "path": "/m", "read_only": True}),
        (BuildInitramfs("6.1"), {"step": "build_initramfs", "path": "/boot/initrd.img-6.1"}),
        (RestoreInitramfs("6.1"), {"step": "restore_initramfs", "path": "/boot/initrd.img-6.1"}),
    ],
)
def test_show(step, shown):
    assert step.show() == shown
    assert not step.destroys


@pytest.mark.parametrize("before, read_only, after", [("ro", False, False), ("rw", True, True), ("ro", True, True)])
def test_remount(before, read_only, after):
    state = State(mounts=(ROOT, mount(2, 1, "/m", options="errors=remount-ro", access=before), mount(3, 2, "/m/n")))
    step = Remount("/m", read_only)
    changed = step.simulate(state)
    assert mountinfo.at(changed.mounts, "/m").read_only is after
    assert mountinfo.at(changed.mounts, "/m").super_options[1:] == (("errors", "remount-ro"),)
    assert (mountinfo.at(changed.mounts, "/"), mountinfo.at(changed.mounts, "/m/n")) == (state.mounts[0], state.mounts[2])
    assert plan.simulate(changed, step.undo(state)) == state


def test_an_initramfs_is_made_from_the_files():
    after = BuildInitramfs("6.1").simulate(STATE)
    assert initramfs.lacking(after.initramfs["6.1"], "library\n", ("overlay", "xfs")) == ()
    assert after.initramfs["6.2"] == PLAIN


@pytest.mark.parametrize("missing", [path for path, file in FILES.items() if file])
def test_without_its_files_an_initramfs_does_not_start_the_union(missing):
    state = BuildInitramfs("6.1").simulate(STATE).with_file(missing, None)
    assert not initramfs.starts_union(BuildInitramfs("6.1").simulate(state).initramfs["6.1"])


def test_a_protected_host_has_the_files_on_its_base():
    files = {**dict.fromkeys(FILES), **{layout.BASE + path: file for path, file in FILES.items()}}
    state = STATE._replace(mounts=(ROOT, mount(2, 1, layout.BASE)), files=files)
    assert initramfs.starts_union(BuildInitramfs("6.1").simulate(state).initramfs["6.1"])


def test_restore():
    built = BuildInitramfs("6.1").simulate(STATE)
    assert not initramfs.starts_union(RestoreInitramfs("6.1").simulate(built).initramfs["6.1"])


def test_the_first_build_is_undone_by_the_original():
    assert BuildInitramfs("6.1").undo(STATE) == (RestoreInitramfs("6.1"),)


def test_a_later_build_is_undone_by_another_from_the_older_files():
    old = BuildInitramfs("6.1").simulate(STATE)
    steps = (WriteFile(initramfs.LIBRARY, "newer\n"), BuildInitramfs("6.1"))
    undoing = plan.undo(old, steps)
    assert undoing == (WriteFile(initramfs.LIBRARY, "library\n"), BuildInitramfs("6.1"))
    assert plan.simulate(plan.simulate(old, steps), undoing) == old


def test_removal_is_undone_once_the_files_are_back():
    old = BuildInitramfs("6.1").simulate(STATE)
    steps = (RemoveFile(initramfs.DRACUT.build), RestoreInitramfs("6.1"))
    undoing = plan.undo(old, steps)
    assert undoing == (WriteFile(initramfs.DRACUT.build, "hook\n"), BuildInitramfs("6.1"))
    assert plan.simulate(plan.simulate(old, steps), undoing) == old
