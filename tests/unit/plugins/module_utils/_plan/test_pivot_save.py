# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, layout, plan, session, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import pivot_save
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._plan import test_target as target
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._plan.test_save import host
from hypothesis import given, settings
from hypothesis import strategies as st

HOST = host("session", layout.RAM)
DISARMED = HOST._replace(files={**HOST.files, session.DISCARD: ""})


def plan_for(host, state, **params):
    wanted = pivot_save.wanted({"state": state, "id": None, "label": "", "drop_acls": False, "mode": "auto", "upper": None, "store": None, **params})
    seen = host.see(pivot_save.sight(wanted))
    return seen, wanted, pivot_save.plan(seen, wanted)


def test_a_session_is_discarded_once_or_not():
    assert [step.show() for step in plan_for(HOST, "disarmed")[2]] == [{"step": "write_file", "path": session.DISCARD}]
    assert [step.show() for step in plan_for(DISARMED, "armed")[2]] == [{"step": "remove_file", "path": session.DISCARD}]
    assert plan_for(HOST, "armed")[2] == plan_for(DISARMED, "disarmed")[2] == ()


def test_a_session_is_saved_in_two_steps_once_or_not():
    marked = HOST._replace(files={**HOST.files, session.INDIRECT: ""})
    assert [step.show() for step in plan_for(HOST, "armed", mode="indirect")[2]] == [{"step": "write_file", "path": session.INDIRECT}]
    assert [step.show() for step in plan_for(marked, "armed")[2]] == [{"step": "remove_file", "path": session.INDIRECT}]
    seen, wanted, steps = plan_for(marked, "armed", mode="indirect")
    assert (steps, pivot_save.show(seen, wanted)["indirect"]) == ((), True)
    both = [step.path for step in plan_for(DISARMED, "armed", mode="indirect")[2]]
    assert both == [session.DISCARD, session.INDIRECT]
    assert [step.path for step in plan_for(marked, "disarmed")[2]] == [session.DISCARD]


def test_a_session_is_saved_now():
    seen, wanted, steps = plan_for(HOST, "saved", id="new", label="x")
    assert steps[1].path == store.LAYERS + "/new"
    assert pivot_save.show(plan.simulate(seen, steps), wanted) == {
        "armed": True,
        "indirect": False,
        "saved": {"id": "new", "label": "x", "format": "overlay"},
        "generation": 3,
    }


def test_a_save_gives_up_what_is_too_much():
    conf = BootConf(persistence="session", data="LABEL=data", keep_generations="1").text
    seen, wanted, steps = plan_for(HOST._replace(files={**HOST.files, layout.BASE + bootconf.PATH: conf}), "saved", id="new")
    assert [step.path for step in steps if step.destroys] == [store.GENERATIONS + "/1"]
    plan.check(steps, pivot_save.asked(wanted))


def test_another_union_is_saved_into_a_store_of_its_own():
    params = {"id": "new", "upper": target.UPPER, "store": target.TOP}
    seen, wanted, steps = plan_for(target.used("a", "b", "c"), "saved", **params)
    assert [step.path for step in steps if step.destroys] == [target.TOP + "/generations/1"]
    plan.check(steps, pivot_save.asked(wanted))
    assert pivot_save.show(plan.simulate(seen, steps), wanted)["generation"] == 4


@pytest.mark.parametrize(
    "host, state, params, message",
    [
        (
            host("upper", layout.STORE),
            "armed",
            {},
            "this host: runs with the persistence upper. Provision it with overlayroot_persistence: session.",
        ),
        (HOST, "disarmed", {"upper": "/u"}, "upper /u: is given by the shutdown that saves. Leave it out, or use state: saved."),
        (HOST, "armed", {"mode": "direct"}, "mode direct: is not for state: armed. Leave it out, or use state: saved."),
        (HOST, "disarmed", {"mode": "indirect"}, "mode indirect: is not for state: disarmed. Leave it out, or use state: saved."),
        (HOST, "armed", {"id": "x"}, "id x: is given by the shutdown that saves. Leave it out, or use state: saved."),
    ],
)
def test_refused(host, state, params, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host, state, **params)
    assert str(caught.value) == message


@given(st.sampled_from([HOST, DISARMED]), st.sampled_from(["armed", "disarmed", "saved"]), st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(host, state, data):
    seen, wanted, steps = plan_for(host, state, id="new" if state == "saved" else None)
    plan.check(steps, pivot_save.asked(wanted))
    assert pivot_save.check_apply(seen, steps) is None
    after = plan.simulate(seen, steps)
    assert pivot_save.plan(after, wanted) == ()
    assert pivot_save.show(after, wanted)["armed"] == (host is HOST if state == "saved" else state == "armed")
    done = steps[: data.draw(st.integers(0, len(steps)))]
    back = plan.simulate(plan.simulate(seen, done), plan.undo(seen, done))
    assert (back.folders, back.files[session.DISCARD]) == (seen.folders, seen.files[session.DISCARD])
