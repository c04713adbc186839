# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout, plan, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import FoldLayers, RemoveLayer, WriteFile
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import check, fold, generations, save
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._plan.test_save import PARAMS, STORE, host
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import mount
from hypothesis import given, settings
from hypothesis import strategies as st

TOP = layout.DATA + "/targets/web"
UPPER = "/run/web/root"
TARGET = {**PARAMS, "upper": UPPER, "store": TOP, "session": True}
ABOUT = '{"session": true, "label": ""}'

NEW = host("session", layout.RAM)._replace(folders=(store.BOOT, UPPER))


def used(*names):
    """With a store where so many layers are in as many generations."""
    generations = {str(number): "".join(name + "\n" for name in names[:number]) for number in range(1, len(names) + 1)}
    small = {
        TOP: {"version": "1\n"},
        f"{TOP}/layers": {**dict.fromkeys(names), **{f"{name}.json": ABOUT for name in names}},
        f"{TOP}/generations": generations,
        f"{TOP}/boot": {"current": f"{len(names)}\n"},
    }
    return NEW._replace(folders=(*NEW.folders, *small), small_files={**STORE, **small})


def plan_for(host, **params):
    wanted = save.wanted({**TARGET, **params})
    seen = host.see(save.sight(wanted))
    return seen, wanted, save.plan(seen, wanted)


def shown(steps):
    return [(step.show()["step"], step.path) for step in steps]


def test_the_first_save_makes_the_store():
    steps = plan_for(NEW)[2]
    assert shown(steps) == [
        *(("make_dir", path) for path in (layout.DATA + "/targets", TOP, TOP + "/layers", TOP + "/generations", TOP + "/boot")),
        ("write_file", TOP + "/version"),
        ("save_layer", TOP + "/layers/new"),
        ("write_file", TOP + "/generations/1"),
        ("write_file", TOP + "/boot/current"),
    ]
    assert (steps[-3].uppers, steps[-3].is_session) == ((("/", UPPER, ()),), True)


def test_a_later_one_lies_on_the_one_before():
    steps = plan_for(used("a", "b"))[2]
    assert shown(steps) == [
        ("save_layer", TOP + "/layers/new"),
        ("write_file", TOP + "/generations/3"),
        ("write_file", TOP + "/boot/current"),
    ]
    assert [step.content for step in steps[1:]] == ["a\nb\nnew\n", "3\n"]


def test_old_generations_are_given_up():
    steps = plan_for(used("a", "b", "c"))[2]
    assert shown(steps)[3:] == [("remove_file", TOP + "/generations/1")]


@pytest.mark.parametrize("params", [{"upper": None}, {"store": None}, {"store": layout.STORE}, {"mode": "indirect"}])
def test_arguments_that_do_not_go_together(params):
    with pytest.raises(OverlayrootError, match="has the sessions of the root|is no folder of its own|is for the upper of the root"):
        plan_for(NEW, **params)


def test_an_upper_that_is_not_there():
    with pytest.raises(OverlayrootError, match=f"^upper {UPPER}: is no folder. Name the upper of a union.$"):
        plan_for(NEW._replace(folders=(store.BOOT,)))


def test_an_upper_that_is_written_to_is_saved_by_the_shutdown_only():
    found = NEW._replace(mounts=(*NEW.mounts, mount(9, 1, "/web", "overlay", f"lowerdir=/b,upperdir={UPPER},workdir=/run/web/work")))
    assert plan_for(found)[2]
    with pytest.raises(OverlayrootError, match=f"^upper {UPPER}: is written to by the union at /web. Unmount that first,"):
        plan_for(found, session=False)


def test_a_store_that_is_not_known_here():
    found = used("a")
    with pytest.raises(OverlayrootError, match=f"^store {TOP}: has the version '2', and version 1 is what is known here."):
        plan_for(found._replace(small_files={**found.small_files, TOP: {"version": "2\n"}}))


def fold_for(host):
    wanted = fold.wanted({"store": TOP})
    seen = host.see(fold.sight(wanted))
    return seen, wanted, fold.plan(seen, wanted)


def test_sessions_become_one_layer():
    seen, wanted, steps = fold_for(used("a", "b"))
    assert steps == (
        FoldLayers("b-folded", ("b", "a"), ("/",), "", TOP + "/layers"),
        WriteFile(f"{TOP}/generations/2", "b-folded\n"),
        RemoveLayer("b", TOP + "/layers"),
    )
    plan.check(steps, fold.asked(wanted))
    assert fold.plan(plan.simulate(seen, steps), wanted) == ()
    assert fold.show(seen, wanted) == {"generation": 2, "layers": ["a", "b"]}


def test_what_a_union_shows_stays_what_it_is():
    union = mount(9, 1, "/web", "overlay", f"lowerdir={TOP}/layers/b:{TOP}/layers/a,upperdir={UPPER},workdir=/run/web/work")
    found = used("a", "b")
    with pytest.raises(OverlayrootError, match="^layer a: is shown by a union, so it is in use. Unmount that first.$"):
        fold_for(found._replace(mounts=(*found.mounts, union)))


def test_a_store_that_is_not_there():
    with pytest.raises(OverlayrootError, match=f"^store {TOP}: is not there. Save something into it first.$"):
        fold_for(NEW)
    wanted = generations.wanted({"store": TOP})
    assert generations.show(NEW.see(generations.sight(wanted)), wanted) is None
    assert generations.show(used("a").see(generations.sight(wanted)), wanted)["current"] == 1


def test_what_is_wrong_is_found_and_repaired_there():
    found = used("a", "b")
    small = dict(found.small_files)
    small[f"{TOP}/layers"] = {**small[f"{TOP}/layers"], "lost": None, ".c.new": None, "d.json": ABOUT}
    small[f"{TOP}/generations"] = {**small[f"{TOP}/generations"], "3.new": "a\n"}
    small[f"{TOP}/boot"] = {"current": "7\n"}
    pending = {"lost": None, ".c.new": None, **STORE[store.LAYERS]}
    found = found._replace(small_files={**small, store.LAYERS: pending}, files={**found.files, store.NEXT: "save=c\n"})
    wanted = check.wanted({"repair": True, "store": TOP})
    seen = found.see(check.sight(wanted))._replace(checksums={"a": "bad", "b": "good", "lost": "good"})
    steps = check.plan(seen, wanted)
    assert shown(steps) == [
        ("write_file", TOP + "/boot/current"),
        ("write_file", TOP + "/layers/a.json"),
        ("write_file", TOP + "/layers/b.json"),
        ("remove_layer", TOP + "/layers/lost"),
        ("remove_layer", TOP + "/layers/.c.new"),
        ("remove_file", TOP + "/layers/d.json"),
        ("remove_file", TOP + "/generations/3.new"),
    ]
    plan.check(steps, check.asked(wanted))
    after = plan.simulate(seen, steps)
    assert (check.plan(after, wanted), check.show(after, wanted)) == ((), {"problems": []})
    assert after.folders[store.LAYERS] == seen.folders[store.LAYERS]


@given(st.sampled_from([NEW, used("a"), used("a", "b", "c")]), st.booleans(), st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(host, session, data):
    seen, wanted, steps = plan_for(host, session=session)
    plan.check(steps, save.asked(wanted))
    assert save.plan(plan.simulate(seen, steps), wanted) == ()
    assert save.show(plan.simulate(seen, steps), wanted)["generation"] == max(map(int, (seen.folders[TOP + "/generations"] or {"0": ""}))) + 1
    done = steps[: data.draw(st.integers(0, len(steps)))]
    assert plan.simulate(plan.simulate(seen, done), plan.undo(seen, done)).folders == seen.folders
