# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, layout, plan, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import check
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost, mount
from hypothesis import given, settings
from hypothesis import strategies as st

MOUNTS = (
    mount(1, 0, "/", "overlay", "lowerdir=/b,upperdir=/u,workdir=/w"),
    mount(2, 1, layout.BASE, access="ro"),
    mount(3, 1, layout.DATA),
)
SEALED = '{"sha256": "good"}\n'
LAYERS = {"a": None, "a.json": SEALED, "b": None, "b.json": SEALED}
GENERATIONS = {"1": "a\n", "2": "a\nb\n"}
BOOT = {"current": "2\n"}
GOOD = {"a": "good", "b": "good"}


def host(layers=(), generations=(), boot=(), request=None, top=()):
    """A sound store, with what is given besides."""
    boot = {**BOOT, **dict(boot)}
    files = {layout.BASE + bootconf.PATH: BootConf(persistence="upper", data="LABEL=data", data_type="ext4").text}
    if "current" in boot:
        files[store.CURRENT] = boot["current"]
    if request:
        files[store.NEXT] = request
    folders = {
        store.TOP: {"version": "1\n", **dict(top)},
        store.LAYERS: {**LAYERS, **dict(layers)},
        store.GENERATIONS: {**GENERATIONS, **dict(generations)},
        store.BOOT: boot,
    }
    return FakeHost(folders=(store.BOOT,), files=files, small_files=folders, mounts=MOUNTS)


def look(host, checksums=(), repair=False):
    wanted = check.wanted({"repair": repair, "store": None})
    return host.see(check.sight(wanted))._replace(checksums={**GOOD, **dict(checksums)}), wanted


def told(host, checksums=()):
    seen, wanted = look(host, checksums)
    assert check.plan(seen, wanted) == ()
    return [tuple(problem.values()) for problem in check.show(seen, wanted)["problems"]]


def without(folder, *names):
    return {name: content for name, content in folder.items() if name not in names}


def test_a_sound_store():
    assert told(host()) == []
    assert told(host(request="reset\n")) == []


CASES = [
    (host(boot={"current": "two\n"}), {}, ("boot/current", "holds no number", True)),
    (host(boot={"current": "7\n"}), {}, ("boot/current", "names generation 7, which cannot be booted", True)),
    (host(generations={"3": "a\n../b\n"}), {}, ("generation 3", "its file cannot be read", False)),
    (host(generations={"3": "a\nc\n"}), {}, ("generation 3", "layer c is missing", False)),
    (host(), {"b": "bad"}, ("layer b", "is not what was saved", False)),
    (host(), {"b": None}, ("layer b", "cannot be read", False)),
    (host({"b.json": "{}"}), {}, ("layer b", "has no checksum yet", True)),
    (host({"c": None}), {"c": "good"}, ("layer c", "no generation uses it", True)),
    (host({"c.json": "{}"}), {}, ("layers/c.json", "its layer is gone", True)),
    (host({".c.new": None}), {}, ("layers/.c.new", "was left by a save that was cut off", True)),
    (host({".c.json.overlayroot": "{}"}), {}, ("layers/.c.json.overlayroot", "was left by a change that was cut off", True)),
    (host(generations={"3.new": "a\n"}), {}, ("generations/3.new", "was left by a change that was cut off", True)),
    (
        host(boot={".current.overlayroot": "2\n"}),
        {},
        ("boot/.current.overlayroot", "was left by a change that was cut off", True),
    ),
]


@pytest.mark.parametrize("host, checksums, problem", CASES)
def test_a_problem(host, checksums, problem):
    assert told(host, checksums) == [problem]


def test_what_the_next_boot_goes_on_with_is_no_problem():
    assert told(host({".c.new": None, "c.json": "{}"}, request="save=c\n")) == []
    assert told(host({"c": None, "c.json": SEALED}, request="save=c\n"), {"c": "good"}) == []


def test_a_lost_layer_takes_the_generations_with_it_that_need_it():
    damaged = host()
    damaged.small_files[store.LAYERS].pop("b")
    assert told(damaged) == [
        ("boot/current", "names generation 2, which cannot be booted", True),
        ("generation 2", "layer b is missing", False),
        ("layers/b.json", "its layer is gone", True),
    ]
    seen, wanted = look(damaged, repair=True)
    assert check.plan(seen, wanted)[0].content == "1\n"


def test_a_store_that_is_not_known_here():
    with pytest.raises(OverlayrootError) as caught:
        told(host(top={"version": "2\n"}))
    assert str(caught.value) == (
        f"store {store.TOP}: has the version '2', and version 1 is what is known here. Use a newer labs.overlayroot."
    )


def test_no_store():
    with pytest.raises(OverlayrootError, match="^the store: no data file system is mounted."):
        told(host()._replace(mounts=MOUNTS[:2]))


@given(st.sets(st.sampled_from(range(len(CASES)))), st.booleans(), st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_what_was_repaired_is_no_problem_any_more(numbers, pending, data):
    chosen = [CASES[number] for number in sorted(numbers)]
    damaged = host(request="save=c\n" if pending else None)
    checksums = {}
    for case, sums, _problem in chosen:
        checksums.update(sums)
        damaged.files.update(case.files)
        for folder, content in case.small_files.items():
            damaged.small_files[folder].update(content)
    seen, wanted = look(damaged, checksums, repair=True)
    steps = check.plan(seen, wanted)
    plan.check(steps, check.asked(wanted))
    assert check.check_apply(seen, steps) is None
    after = plan.simulate(seen, steps)
    assert check.plan(after, wanted) == ()
    assert not any(problem["repairable"] for problem in check.show(after, wanted)["problems"])
    assert {step.path for step in steps}.isdisjoint(f"{store.LAYERS}/{name}" for name in "ab")
    assert not pending or f"{store.LAYERS}/c" not in {step.path for step in steps}
    done = steps[: data.draw(st.integers(0, len(steps)))]
    plan.simulate(plan.simulate(seen, done), plan.undo(seen, done))
