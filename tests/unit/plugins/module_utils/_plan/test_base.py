# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, layout, plan, session, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import base
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost, mount
from hypothesis import given, settings
from hypothesis import strategies as st

ID = "course.squashfs"
STORE = {
    store.LAYERS: {"a": None, "a.json": "{}", "b": None, ID: None},
    store.GENERATIONS: {"1": "a\n", "2": "a\nb\n"},
    store.BOOT: {"current": "2\n"},
}


def union(number, path, uppers):
    return mount(number, 0 if path == "/" else 1, path, "overlay", f"lowerdir=/b,upperdir={uppers}/upper,workdir={uppers}/work")


def host(persistence, *more, generation="2"):
    uppers = layout.STORE if persistence == "upper" else layout.RAM
    record = f"protected=yes\nreason=\npersistence={persistence}\ngeneration={generation}\n"
    conf = BootConf(persistence=persistence, data="LABEL=data", data_type="ext4").text
    others = [union(4 + number, path, f"{uppers}/mounts{path}") for number, path in enumerate(more)]
    return FakeHost(
        folders=(store.BOOT,),
        files={layout.BASE + bootconf.PATH: conf, layout.RECORD: record, store.CURRENT: "2\n"},
        small_files=STORE,
        mounts=(union(1, "/", uppers), mount(2, 1, layout.BASE, access="ro"), mount(3, 1, layout.DATA), *others),
    )


def plan_for(host, upper=False):
    wanted = base.wanted({"id": ID, "upper": upper})
    seen = host.see(base.sight(wanted))
    return seen, wanted, base.plan(seen, wanted)


def told(steps):
    return [(step.show()["step"], step.path, getattr(step, "content", None)) for step in steps]


NOTED = ("note_image", f"{store.LAYERS}/{ID}.json", None)
MADE = ("write_file", f"{store.GENERATIONS}/3", ID + "\n")


@pytest.mark.parametrize("upper", [False, True])
def test_with_an_upper_in_ram_it_is_current_at_once(upper):
    assert told(plan_for(host("none"), upper)[2]) == [NOTED, MADE, ("write_file", store.CURRENT, "3\n")]


def test_an_upper_on_the_disk_that_it_holds_is_given_up_by_the_next_boot():
    seen, wanted, steps = plan_for(host("upper"), upper=True)
    assert told(steps) == [NOTED, MADE, ("write_file", store.NEXT, "rollback=3\n")]
    assert base.show(seen, wanted) == {"generation": None, "next_boot": False}
    assert base.show(plan.simulate(seen, steps), wanted) == {"generation": 3, "next_boot": True}


def test_an_upper_on_the_disk_that_it_does_not_hold_is_not_given_up():
    seen, wanted, steps = plan_for(host("upper"))
    assert told(steps) == [NOTED, MADE]
    assert base.show(plan.simulate(seen, steps), wanted) == {"generation": 3, "next_boot": False}


def test_a_session_that_it_holds_is_given_up():
    seen, wanted, steps = plan_for(host("session"), upper=True)
    assert told(steps) == [NOTED, MADE, ("write_file", store.CURRENT, "3\n"), ("write_file", session.DISCARD, "")]
    assert base.plan(plan.simulate(seen, steps), wanted) == ()


def test_a_session_that_it_does_not_hold_goes_on():
    assert told(plan_for(host("session"))[2]) == [NOTED, MADE]


def test_layers_go_on_for_other_file_systems():
    assert plan_for(host("none", "/home"))[2][1].content == f"a\nb\n{ID}\n"
    assert plan_for(host("none", "/home", generation="1"))[2][1].content == f"a\n{ID}\n"


@pytest.mark.parametrize(
    "host, message",
    [
        (
            host("upper", "/home"),
            "/home: has an upper of its own, which an image of the root cannot hold."
            " Save it as a layer, and commit without the upper.",
        ),
        (
            host("upper")._replace(files={**host("upper").files, store.NEXT: "save=c\n"}),
            "the next boot: is asked for save=c already. Let it be done first, or withdraw it by boot_next with none.",
        ),
        (
            host("upper")._replace(files={**host("upper").files, layout.RECORD: "protected=no\nreason=no disk\n"}),
            "this host: no disk. Boot it into its union first.",
        ),
    ],
)
def test_refused(host, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host, upper=True)
    assert str(caught.value) == message


def test_an_image_that_a_generation_has_is_left_alone():
    generations = {**STORE[store.GENERATIONS], "3": f"{ID}\n", "4": f"{ID}\na\n"}
    there = host("none")._replace(small_files={**STORE, store.GENERATIONS: generations})
    seen, wanted, steps = plan_for(there)
    assert (steps, base.show(seen, wanted)["generation"]) == ((), 3)


@given(
    st.sampled_from(["none", "upper"]),
    st.sampled_from([(), ("/home",)]),
    st.sampled_from(["0", "1", "2"]),
    st.booleans(),
    st.data(),
)
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(persistence, others, generation, upper, data):
    seen, wanted, steps = plan_for(host(persistence, *others, generation=generation), upper and not others)
    plan.check(steps, base.asked(wanted))
    assert base.check_apply(seen, steps) is None
    assert base.plan(plan.simulate(seen, steps), wanted) == ()
    done = steps[: data.draw(st.integers(0, len(steps)))]
    back = plan.simulate(plan.simulate(seen, done), plan.undo(seen, done))
    assert (back.folders, back.mounts) == (seen.folders, seen.mounts)
