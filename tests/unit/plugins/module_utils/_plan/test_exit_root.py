# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import exit_root as noun
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout, plan, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import exit_root
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost, mount
from hypothesis import given, settings
from hypothesis import strategies as st

RUN = mount(2, 1, "/run", "tmpfs")
BASE = mount(3, 2, layout.BASE, access="ro")
DATA = mount(4, 2, layout.DATA)
RAM = mount(5, 2, layout.RAM, "tmpfs")
USR = mount(6, 3, layout.BASE + "/usr", access="ro")
HOME = mount(7, 1, "/srv/home", "overlay", f"lowerdir=/b,upperdir={layout.RAM}/mounts/h/upper,workdir=/w", "0:7")


def union(upper):
    return mount(1, 0, "/", "overlay", f"lowerdir={layout.BASE},upperdir={upper}/upper,workdir={upper}/work", "0:1")


HOST = FakeHost(
    files={layout.RECORD: "protected=yes\npersistence=session\ngeneration=0\n"},
    small_files={store.LAYERS: {}, store.GENERATIONS: {}, store.BOOT: {}},
    mounts=(union(layout.RAM), RUN, BASE, DATA, RAM),
)


def plan_for(host):
    seen = host.see(exit_root.sight(None))
    return seen, exit_root.plan(seen, None)


def shown(steps):
    return [(step.show()["step"], step.show()["path"]) for step in steps]


def test_a_fresh_union_over_the_base_alone():
    _seen, steps = plan_for(HOST)
    stage, scratch = noun.STAGE, noun.SCRATCH
    assert shown(steps) == [
        ("make_dir", stage),
        ("make_dir", scratch),
        ("make_dir", scratch + "/upper"),
        ("make_dir", scratch + "/work"),
        ("mount", stage),
        ("make_dir", stage + "/oldroot"),
        ("write_file", stage + "/shutdown"),
        ("bind", "/run/initramfs"),
    ]
    made = steps[4].union
    assert made.lower == (layout.BASE,)
    assert made.options == {
        "index": "off",
        "metacopy": "off",
        "nfs_export": "off",
        "redirect_dir": "off",
        "uuid": "null",
        "verity": "off",
        "xino": "on",
    }
    assert (steps[-2].content, steps[-2].mode) == (f'#!/bin/sh\nexec {noun.HALT} "$@"\n', 0o755)


def test_an_older_kernel_is_told_what_it_knows():
    _seen, steps = plan_for(HOST._replace(kernel=(6, 1)))
    assert set(steps[4].union.options) == {"index", "metacopy", "nfs_export", "redirect_dir", "xino"}


def test_what_leads_to_other_unions_is_copied_up_and_a_separate_usr_is_bound():
    _seen, steps = plan_for(HOST._replace(mounts=(*HOST.mounts, USR, HOME)))
    assert shown(steps)[0] == ("copy_up", "/srv")
    assert ("bind", noun.STAGE + "/usr") in shown(steps)


@pytest.mark.parametrize(
    "host, message",
    [
        (HOST._replace(mounts=HOST.mounts[:3]), "the store: no data file system is mounted."),
        (
            HOST._replace(folders=(noun.SCRATCH,)),
            f"{noun.SCRATCH}: is left from another shutdown. Boot the host, which removes it.",
        ),
    ],
)
def test_refused(host, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host)
    assert str(caught.value).startswith(message)


@given(st.booleans(), st.booleans(), st.sampled_from([(5, 10), (6, 1), (6, 12)]), st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(has_usr, has_home, kernel, data):
    more = (*([USR] if has_usr else []), *([HOME] if has_home else []))
    seen, steps = plan_for(HOST._replace(mounts=(*HOST.mounts, *more), kernel=kernel))
    plan.check(steps, exit_root.asked(None))
    assert exit_root.check_apply(seen, steps) is None
    after = plan.simulate(seen, steps)
    assert exit_root.plan(after, None) == ()
    assert exit_root.show(after, None) == {"exit_root": "/run/initramfs"} != exit_root.show(seen, None)
    done = steps[: data.draw(st.integers(0, len(steps)))]
    back = plan.simulate(plan.simulate(seen, done), plan.undo(seen, done))
    assert back.mounts == seen.mounts
