# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import mountinfo, plan
from ansible_collections.labs.overlayroot.plugins.module_utils._core.backends import from_mount
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import File, Sight, State
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import (
    Bind,
    MakeDir,
    Mount,
    RemoveDir,
    RemoveFile,
    Unmount,
    WriteFile,
)
from ansible_collections.labs.overlayroot.plugins.module_utils._core.union import Union
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost, mount

UNION = Union("/m", ("/l",), "/u", "/w", {"index": "on"})
STATE = FakeHost(folders=("/m", "/l", "/u", "/w"), files={"/etc/a": "old"}).see(
    Sight(paths=("/m", "/l", "/u", "/w", "/new", "/l/sub"), files=("/etc/a", "/etc/b"))
)


@pytest.mark.parametrize(
    "step, shown",
    [
        (MakeDir("/new", 0o1777), {"step": "make_dir", "path": "/new", "mode": "1777"}),
        (RemoveDir("/l"), {"step": "remove_dir", "path": "/l"}),
        (WriteFile("/etc/b", "new"), {"step": "write_file", "path": "/etc/b"}),
        (RemoveFile("/etc/a"), {"step": "remove_file", "path": "/etc/a"}),
        (
            Mount(UNION),
            {
                "step": "mount",
                "path": "/m",
                "backend": "overlay",
                "lower": ["/l"],
                "upper": "/u",
                "work": "/w",
                "options": {"index": "on"},
            },
        ),
        (Unmount(UNION), {"step": "unmount", "path": "/m"}),
    ],
)
def test_show(step, shown):
    assert step.show() == shown


@pytest.mark.parametrize(
    "step",
    [
        MakeDir("/new", 0o1777, 5, 6),
        RemoveDir("/l"),
        WriteFile("/etc/a", "new"),
        WriteFile("/etc/b", "new"),
        RemoveFile("/etc/a"),
        Mount(UNION),
        Mount(UNION._replace(upper=None, work=None)),
        Bind("/l", "/m"),
    ],
)
def test_undo_takes_a_step_back(step):
    after = step.simulate(STATE)
    assert after != STATE
    back = plan.simulate(after, plan.undo(STATE, (step,)))
    attributes = ("mode", "uid", "gid", "is_empty")
    forget = dict.fromkeys(attributes)
    assert back.mounts == STATE.mounts
    assert back.files == STATE.files
    assert {path: info._replace(**forget) for path, info in back.paths.items()} == {
        path: info._replace(**forget) for path, info in STATE.paths.items()
    }


def test_undo_of_a_mount_removes_what_the_kernel_made():
    def undo(folders):
        union = UNION._replace(options={"index": "on"})
        return Mount(union).undo(FakeHost(folders=folders).see(Sight(paths=union.work_folders())))

    assert undo(("/w",))[1:] == (RemoveDir("/w/index"), RemoveDir("/w/work"))
    assert undo(("/w/work",))[1:] == (RemoveDir("/w/index"),)


def test_undo_of_an_unmount_mounts_the_same():
    mounted = Mount(UNION).simulate(STATE)
    back = plan.simulate(mounted, (Unmount(UNION), *Unmount(UNION).undo(mounted)))
    assert from_mount(mountinfo.at(back.mounts, "/m"), State()) == from_mount(mountinfo.at(mounted.mounts, "/m"), State())


def test_undo_is_in_reverse():
    steps = (MakeDir("/new"), WriteFile("/etc/a", "1"), WriteFile("/etc/a", "2"))
    assert plan.undo(STATE, steps) == (WriteFile("/etc/a", "1"), WriteFile("/etc/a", "old"), RemoveDir("/new"))


def test_what_is_bound_shows_what_is_mounted_in_it():
    mounts = (mount(1, 0, "/"), mount(2, 1, "/l/disk"), mount(3, 2, "/l/disk/deep"), mount(4, 1, "/lx"))
    after = Bind("/l", "/m").simulate(STATE._replace(mounts=mounts))
    for path in ("", "/disk", "/disk/deep"):
        assert mountinfo.place(after.mounts, f"/m{path}/f") == mountinfo.place(after.mounts, f"/l{path}/f")
    assert len(after.mounts) == 7


def test_a_mounted_union_is_read_back():
    after = Mount(UNION).simulate(STATE)
    assert from_mount(mountinfo.at(after.mounts, "/m"), State()).options["index"] == "on"
    assert not mountinfo.at(after.mounts, "/m").read_only


def test_a_union_without_an_upper_is_mounted_read_only():
    after = Mount(UNION._replace(upper=None, work=None)).simulate(STATE)
    assert mountinfo.at(after.mounts, "/m").read_only


def test_a_union_can_be_mounted_over_a_union():
    twice = plan.simulate(STATE, (Mount(UNION), Mount(UNION._replace(lower=("/u",)))))
    assert from_mount(mountinfo.at(twice.mounts, "/m"), State()).lower == ("/u",)
    assert Unmount(UNION).simulate(twice).mounts == Mount(UNION).simulate(STATE).mounts


def test_a_file_that_is_replaced_keeps_its_mode():
    state = STATE._replace(files={"/etc/a": File("old", 0o600)})
    assert WriteFile("/etc/a", "new", 0o755).simulate(state).files == {"/etc/a": File("new", 0o600)}


def test_what_destroys_must_be_asked_for():
    steps = (MakeDir("/new"), RemoveFile("/etc/a"))
    plan.check(steps, ("/etc/a",))
    with pytest.raises(OverlayrootError, match="/etc/a: would be destroyed, which was not asked for"):
        plan.check(steps, ("/etc/b",))


def test_paths_are_known_by_every_name():
    state = FakeHost(links={"/link": "/l"}, folders=("/l",)).see(Sight(paths=("/link/x",)))
    after = MakeDir("/l/x").simulate(state)
    assert after.paths["/link/x"].kind == after.paths["/l/x"].kind == "directory"
