# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, layout, plan, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import prune
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost, mount
from hypothesis import given, settings
from hypothesis import strategies as st

MOUNTS = (
    mount(1, 0, "/", "overlay", "lowerdir=/b,upperdir=/u,workdir=/w"),
    mount(2, 1, layout.BASE, access="ro"),
    mount(3, 1, layout.DATA),
)
# Generation 3 was saved from a visit to generation 1.
GENERATIONS = {1: "a", 2: "ab", 3: "ac", 4: "acd"}
DAYS = {"a": "2026-01-01T00:00:00Z", "b": "2026-01-02T00:00:00Z", "c": "2026-01-03T00:00:00Z"}


def host(current=4, booted=4, request="", generations=(), **conf):
    layers = {}
    for name in "abcd":
        layers.update({name: None, name + ".json": json.dumps({"bytes": 100, "time": DAYS.get(name, "2026-01-04T00:00:00Z")})})
    numbered = {str(number): "".join(f"{name}\n" for name in ids) for number, ids in GENERATIONS.items()}
    return FakeHost(
        folders=(store.BOOT,),
        files={
            layout.BASE + bootconf.PATH: BootConf(**{"persistence": "upper", "data": "LABEL=data", "data_type": "ext4", **conf}).text,
            layout.RECORD: f"protected=yes\npersistence=upper\ngeneration={booted}\n",
            store.NEXT: request,
        },
        small_files={
            store.LAYERS: layers,
            store.GENERATIONS: {**numbered, **dict(generations)},
            store.BOOT: {"current": f"{current}\n", "next": request},
        },
        mounts=MOUNTS,
    )


def plan_for(host, **params):
    wanted = prune.wanted({"keep": None, "before": None, "size": None, **params})
    seen = host.see(prune.sight(wanted))
    return seen, wanted, prune.plan(seen, wanted)


def removed(host, **params):
    return [step.path.rpartition("/")[2] for step in plan_for(host, **params)[2]]


@pytest.mark.parametrize(
    "params, names",
    [
        ({"keep": 4}, []),
        ({"keep": 3}, ["1"]),
        ({"keep": 2}, ["1", "2", "b"]),
        ({"keep": 0}, ["1", "2", "3", "b"]),
        ({"before": "2026-01-01T00:00:00Z"}, []),
        ({"before": "2026-01-02T12:00:00Z"}, ["1", "2", "b"]),
        ({"size": 400}, []),
        ({"size": 399}, ["1", "2", "b"]),
        ({"size": 0}, ["1", "2", "3", "b"]),
    ],
)
def test_the_oldest_go(params, names):
    assert removed(host(), **params) == names


@pytest.mark.parametrize(
    "host, names",
    [
        (host(current=2, booted=2), ["1", "3"]),
        (host(booted=1), ["2", "3", "b"]),
        (host(request="rollback=2\n"), ["1", "3"]),
        (host(request="generation=3\n"), ["1", "2", "b"]),
    ],
)
def test_what_is_in_use_stays(host, names):
    assert removed(host, keep=0) == names


def test_a_generation_that_cannot_be_booted_goes_like_others():
    assert removed(host(generations={"1": "a\ngone\n", "2": "../x\n"}), keep=1) == ["1", "2", "3", "b"][:3]


@pytest.mark.parametrize(
    "params, message",
    [
        ({"keep": -1}, "keep -1: is negative. Give a number from 0 on."),
        ({"size": -1}, "size -1: is negative. Give a number from 0 on."),
    ],
)
def test_bad_input(params, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host(), **params)
    assert str(caught.value) == message


def showing(host, *layers):
    """With a union of these that was mounted by hand."""
    lower = ":".join(f"{store.LAYERS}/{name}/srv" for name in layers)
    return host._replace(mounts=(*MOUNTS, mount(9, 1, "/m", "overlay", f"lowerdir={lower}:/srv")))


@pytest.mark.parametrize(
    "host, names",
    [
        (showing(host(), "b"), ["1", "3"]),
        (showing(host(), "b", "a"), ["1", "3"]),
        (showing(host(), "c"), ["1", "2", "3", "b"]),
        (showing(host(), "gone"), ["1", "2", "3", "b"]),
    ],
)
def test_what_a_union_shows_stays(host, names):
    assert removed(host, keep=0) == names


@pytest.mark.parametrize(
    "conf, names",
    [
        ({}, []),
        ({"keep_generations": "4"}, []),
        ({"keep_generations": "2"}, ["1", "2", "b"]),
        ({"keep_generations": "2", "request": "save=x\n"}, ["1", "2", "3", "b"]),
        ({"keep_generations": "2", "request": "save=x\nrollback=2\n"}, ["1", "3"]),
        ({"keep_days": "325"}, []),
        ({"keep_days": "324"}, ["1"]),
        ({"keep_days": "323"}, ["1", "2", "b"]),
        ({"keep_size": "399"}, ["1", "2", "b"]),
        ({"keep_size": "1k", "keep_generations": "3"}, ["1"]),
        ({"persistence": "session"}, ["1"]),
        ({"persistence": "session", "keep_generations": "4"}, []),
        ({"persistence": "session", "keep_size": "1g"}, []),
    ],
)
def test_what_a_host_gives_up_by_itself(conf, names):
    seen = host(**conf).see(prune.sight(None))
    steps = prune.by_itself(seen)
    assert [step.path.rpartition("/")[2] for step in steps] == names
    assert prune.by_itself(plan.simulate(seen, steps)) == ()


def test_shown():
    seen, wanted, steps = plan_for(host(), keep=2)
    assert prune.show(plan.simulate(seen, steps), wanted) == {"generations": [3, 4], "layers": ["a", "c", "d"]}


@given(
    st.sampled_from([1, 2, 3, 4]),
    st.sampled_from([1, 2, 3, 4]),
    st.none() | st.integers(0, 5),
    st.none() | st.sampled_from(sorted(DAYS.values())),
    st.none() | st.integers(0, 500),
)
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do_and_what_is_left_can_be_booted(current, booted, keep, before, size):
    seen, wanted, steps = plan_for(host(current, booted), keep=keep, before=before, size=size)
    plan.check(steps, prune.asked(wanted))
    assert prune.check_apply(seen, steps) is None
    assert prune.plan(plan.simulate(seen, steps), wanted) == ()
    for number in range(len(steps) + 1):
        left = store.of(plan.simulate(seen, steps[:number]))
        assert {current, booted} <= set(left.generations)
        assert all(map(left.is_whole, left.generations))
