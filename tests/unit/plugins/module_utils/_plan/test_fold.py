# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout, plan, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import FoldLayers, RemoveLayer, WriteFile
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import fold
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._plan.test_save import host
from hypothesis import given, settings
from hypothesis import strategies as st

SESSION = '{"session": true, "label": "shutdown"}'
NAMES = ("course", "s1", "s2", "s3")
LAYERS = {**dict.fromkeys(NAMES), **{f"{name}.json": "{}" if name == "course" else SESSION for name in NAMES}}
GENERATIONS = {"1": "course\n", "2": "course\ns1\n", "3": "course\ns1\ns2\n", "4": "course\ns1\ns2\ns3\n", "5": "s1\n"}
WANTED = fold.wanted({"store": None})
PATHS = ("/", "/srv/data", "/usr")


def after(booted, current):
    """A shutdown, with that generation booted until then, and that one from then on."""
    small = {store.LAYERS: LAYERS, store.GENERATIONS: GENERATIONS, store.BOOT: {"current": f"{current}\n"}}
    return host("session", layout.RAM, booted)._replace(small_files=small)


def plan_for(host):
    seen = host.see(fold.sight(WANTED))
    steps = fold.plan(seen, WANTED)
    plan.check(steps, fold.asked(WANTED))
    return seen, steps


def test_a_session_and_the_one_before_become_one_layer():
    small = after("2", "3")
    seen, steps = plan_for(small._replace(small_files={**small.small_files, store.GENERATIONS: {"2": "course\ns1\n", "3": "course\ns1\ns2\n"}}))
    assert steps == (
        FoldLayers("s2-folded", ("s2", "s1"), PATHS, "shutdown"),
        WriteFile(f"{store.GENERATIONS}/3", "course\ns2-folded\n"),
        RemoveLayer("s2"),
    )
    assert steps[0].show() == {"step": "fold_layers", "path": f"{store.LAYERS}/s2-folded", "layers": ["s2", "s1"]}
    assert fold.show(seen, WANTED) == {"generation": 3, "layers": ["course", "s1", "s2"]}
    assert fold.show(plan.simulate(seen, steps), WANTED) == {"generation": 3, "layers": ["course", "s2-folded"]}


def test_sessions_that_were_not_folded_are_with_the_next_one():
    steps = plan_for(after("3", "4"))[1]
    assert steps[0].ids == ("s3", "s2", "s1")
    assert steps[2:] == (RemoveLayer("s3"),)


@pytest.mark.parametrize("current", ["0", "1", "2", "5"])
def test_one_session_stays_what_it_is(current):
    assert plan_for(after("3", current))[1] == ()


def test_what_is_booted_stays_what_it_is():
    with pytest.raises(OverlayrootError) as caught:
        plan_for(after("3", "3"))
    assert str(caught.value) == "generation 3: is booted, so its layers are in use. It is folded when the host goes down."


@given(st.sampled_from([("2", "3"), ("3", "4"), ("0", "5")]), st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(numbers, data):
    seen, steps = plan_for(after(*numbers))
    assert fold.check_apply(seen, steps) is None
    assert fold.plan(plan.simulate(seen, steps), WANTED) == ()
    done = steps[: data.draw(st.integers(0, min(2, len(steps))))]
    assert plan.simulate(plan.simulate(seen, done), plan.undo(seen, done)).folders == seen.folders
