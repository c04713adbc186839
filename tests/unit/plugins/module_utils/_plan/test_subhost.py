# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import posixpath

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import plan, store, subhost
from ansible_collections.labs.overlayroot.plugins.module_utils._core.command import COMMAND
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import Sight
from ansible_collections.labs.overlayroot.plugins.module_utils._core.subhosts import Running, Subhosts
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import subhost as planner
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import subhost_info
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost, mount
from hypothesis import event, given, settings
from hypothesis import strategies as st

CONFIG = "/s/x/x.conf"
PARAMS = {"config": CONFIG, "state": "started", "commands": False, "bridges": False, "command": None}
PARAMS.update(settings=None, id=None, label="", generation=None, keep=None, before=None)
FOLDERS = ("/s/x/live", "/s/x/root", "/s/x/work", "/base")
HOST = FakeHost(folders=FOLDERS, files={COMMAND: "old"})
RUNNING = Running(init=100, keeper=99, config=CONFIG, live="/s/x/live", since=500)
LAYERS = ("/s/x/store/layers/one", "/s/x/store/layers/two")
STORED = "BASE=.\nLOWER=/base\nSTORE=store\n"
STORE = {
    "/s/x/store": {"version": "1\n"},
    "/s/x/store/layers": {"one": None, "two": None, "one.json": "{}", "two.json": '{"label": "All"}'},
    "/s/x/store/generations": {"1": "one\n", "2": "one\ntwo\n"},
    "/s/x/store/boot": {"current": "2\n"},
}
WITH_STORE = HOST._replace(folders=(*FOLDERS, *STORE, *LAYERS), small_files=STORE)
UNION = "lowerdir=/base,upperdir=/s/x/root,workdir=/s/x/work"
MOUNTED = mount(9, 1, "/s/x/live", "overlay", UNION, "0:50")


def refused(assignment, _folder):
    raise assignment.fault("is a command", "Allow it")


def see(text="BASE=.\nLOWER=/base\n", host=HOST, **seen):
    found = subhost.parse(text, CONFIG, refused)
    folders = store.folders_of(found.store) if found.store else ()
    paths = ("/s", "/s/x", *found.paths, *LAYERS)
    state = host.see(Sight(paths=paths, files=(COMMAND, CONFIG), folders=folders, layers=True))
    return state._replace(subhosts=Subhosts(found, seen.pop("running", {}), **seen), uptime=1000)


def steps_for(seen, **params):
    return [
        (step.show()["step"], posixpath.basename(step.show()["path"]))
        for step in planner.plan(seen, planner.wanted({**PARAMS, **params}))
    ]


def test_started():
    assert steps_for(see("BASE=.\nLOWER=/base\nCABLES= = br0=\nMEMORY=50M\n", links={"br0": "bridge"})) == [
        ("make_dir", "etc"),
        ("make_dir", "network"),
        ("write_file", "interfaces"),
        ("mount", "live"),
        ("add_namespace", "x"),
        ("add_cable", "x0"),
        ("add_cable", "x1"),
        ("set_limits", "x"),
        ("start", "live"),
    ]


def test_one_that_runs_is_left_alone():
    seen = see(host=HOST._replace(mounts=(*HOST.mounts, MOUNTED)), running={"x": RUNNING}, namespaces=("x",), occupied=("x",))
    assert steps_for(seen) == []
    assert steps_for(seen, state="stopped") == [("stop", "live"), ("remove_namespace", "x"), ("unmount", "live")]
    restarted = [step for step, _name in steps_for(seen, state="restarted")]
    assert restarted[:3] == ["stop", "remove_namespace", "unmount"] and restarted[-1] == "start"


SETTINGS = {"LOWER": "/base", "START": ["networking", "ssh"], "SHARE": ["/base:/opt", "/base:/mnt"], "NO_NEW_PRIVS": True}
TEXT = """\
# Written from the settings of a module: what is changed here is lost.
BASE=.
LOWER=/base
NO_NEW_PRIVS=yes
SHARE=/base:/opt
SHARE=/base:/mnt
START=networking ssh
"""


def test_settings_are_written_with_the_folders_that_they_are_about():
    seen = see(TEXT, HOST._replace(folders=("/base",)))
    wanted = planner.wanted({**PARAMS, "settings": SETTINGS})
    steps = planner.plan(seen, wanted)
    made = [step.path for step in steps if step.show()["step"] == "make_dir"]
    assert made[:5] == ["/s", "/s/x", "/s/x/live", "/s/x/root", "/s/x/work"]
    assert [(step.path, step.content) for step in steps if step.show()["step"] == "write_file"][0] == (CONFIG, TEXT)
    assert steps[-1].show()["step"] == "start"
    assert planner.plan(plan.simulate(seen, steps), wanted) == ()


def test_one_whose_settings_change_is_started_again():
    host = HOST._replace(mounts=(*HOST.mounts, MOUNTED), files={COMMAND: "old", CONFIG: "BASE=.\nLOWER=/base\nSTART=none\n"})
    seen = see(TEXT, host, running={"x": RUNNING}, namespaces=("x",), occupied=("x",))
    wanted = planner.wanted({**PARAMS, "settings": SETTINGS})
    steps = planner.plan(seen, wanted)
    names = [step.show()["step"] for step in steps]
    assert names.index("stop") < names.index("write_file") < names.index("start")
    after = plan.simulate(seen, steps)
    assert planner.plan(after, wanted) == ()
    absent = planner.wanted({**PARAMS, "settings": SETTINGS, "state": "absent"})
    assert "remove_file" in [step.show()["step"] for step in planner.plan(after, absent)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"STRAT": "ssh"}, "settings, STRAT: is no variable of a subhost. Use some of ADDRESSES, BASE, "),
        ({"START": "ssh\nINIT=x"}, "settings, START: has a line feed in it. Take it out."),
        ({"SHARE": ["a", "b\nc"]}, "settings, SHARE: has a line feed in it. Take it out."),
    ],
)
def test_settings_that_say_nothing_are_refused(given, message):
    with pytest.raises(OverlayrootError, match=message):
        planner.wanted({**PARAMS, "settings": given})


def test_what_a_crash_left_is_put_away_first():
    host = HOST._replace(mounts=(*HOST.mounts, MOUNTED))
    seen = see("BASE=.\nLOWER=/base\nCABLES= =\n", host, namespaces=("x",), links={"x0": "veth"}, limited=("x",))
    away = [("remove_cable", "x0"), ("remove_namespace", "x"), ("remove_limits", "x"), ("unmount", "live")]
    assert steps_for(seen, state="stopped") == away
    assert steps_for(seen)[:4] == away
    assert ("start", "live") in steps_for(seen)


def test_absent_takes_what_the_subhost_wrote():
    seen = see()
    wanted = planner.wanted({**PARAMS, "state": "absent"})
    steps = planner.plan(seen, wanted)
    assert [(step.show()["step"], step.path) for step in steps] == [
        ("set_aside", "/s/x/root"),
        ("remove_tree", "/s/x/root"),
        ("set_aside", "/s/x/work"),
        ("remove_tree", "/s/x/work"),
    ]
    plan.check(steps, planner.asked(wanted))
    with pytest.raises(OverlayrootError, match="would be destroyed"):
        plan.check(steps, planner.asked(planner.wanted(PARAMS)))


def test_a_tree_that_is_there():
    text = "BASE=.\nLIVE=/base\nLOWER=/base\nSTART=none\n"
    assert [step for step, _name in steps_for(see(text))] == ["add_namespace", "start"]
    assert steps_for(see(text), state="absent") == []


def test_a_tree_that_is_bound():
    text = "BASE=.\nUPPER=/base\nLOWER=/base\n"
    seen = see(text)
    assert steps_for(seen)[-3:] == [("bind", "live"), ("add_namespace", "x"), ("start", "live")]
    after = plan.simulate(seen, planner.plan(seen, planner.wanted(PARAMS)))
    assert [step for step, _name in steps_for(after, state="stopped")] == ["stop", "remove_namespace", "unbind"]


def test_an_upper_that_a_program_tells():
    seen = see("BASE=.\nLOWER=/base\nUPPER=/base/tool\nCABLES==\n", HOST._replace(plain_files=("/base/tool",)))
    seen.paths["/base/tool"] = seen.paths["/base/tool"]._replace(mode=0o755)
    assert [step for step, _name in steps_for(seen)] == ["set_up", "add_namespace", "add_cable", "start"]
    after = plan.simulate(seen, planner.plan(seen, planner.wanted(PARAMS)))
    assert [step for step, _name in steps_for(after, state="stopped")][-1] == "tear_down"


def test_the_root_is_over_the_layers_of_the_current_generation():
    seen = see(STORED, WITH_STORE)
    mounts = [step.union.lower for step in planner.plan(seen, planner.wanted(PARAMS)) if step.show()["step"] == "mount"]
    assert mounts == [("/s/x/store/layers/two", "/s/x/store/layers/one", "/base")]
    shown = planner.show(seen, planner.wanted(PARAMS))["subhost"]
    assert (shown["generation"], shown["lowers"]) == (2, list(mounts[0]))
    assert shown["layers"] == [{"id": "one"}, {"id": "two", "label": "All"}]


def test_a_session_is_saved():
    assert steps_for(see(STORED), state="saved", id="one")[-6:] == [
        ("write_file", "version"),
        ("write_file", "one.json"),
        ("write_file", "1"),
        ("set_aside", "root"),
        ("write_file", "current"),
        ("make_dir", "root"),
    ]
    assert steps_for(see(STORED, WITH_STORE), state="saved", id="two") == []
    new = steps_for(see(STORED, WITH_STORE), state="saved", id="three")
    assert [name for step, name in new if step == "write_file"] == ["three.json", "3", "current"]


def test_a_save_that_was_cut_off():
    without = WITH_STORE._replace(folders=tuple(folder for folder in WITH_STORE.folders if folder != "/s/x/root"))
    assert steps_for(see(STORED, without), state="saved", id="two") == [("make_dir", "root")]
    behind = without._replace(small_files={**STORE, "/s/x/store/boot": {"current": "1\n"}})
    assert steps_for(see(STORED, behind), state="saved", id="two") == [("write_file", "current"), ("make_dir", "root")]


def test_a_session_is_reset():
    assert [step for step, _name in steps_for(see(), state="reset")] == ["set_aside", "make_dir", "remove_tree"]
    back = steps_for(see(STORED, WITH_STORE), state="reset", generation=1)
    assert back == [("set_aside", "root"), ("write_file", "current"), ("make_dir", "root"), ("remove_tree", "root")]


def test_old_generations_are_given_up():
    folder = {"/s/x/store/boot": {"current": "3\n"}, "/s/x/store/generations": {"1": "one\n", "2": "one\ntwo\n", "3": "one\n"}}
    seen = see(STORED, WITH_STORE._replace(small_files={**STORE, **folder}))
    assert steps_for(seen, state="pruned", keep=3) == []
    assert steps_for(seen, state="pruned", keep=1) == [
        ("remove_file", "1"),
        ("remove_file", "2"),
        ("set_aside", "two"),
        ("remove_file", "two.json"),
        ("remove_tree", "two"),
    ]
    # That which is started next, and the newest.
    assert steps_for(see(STORED, WITH_STORE), state="pruned", keep=0) == [("remove_file", "1")]
    assert steps_for(see(STORED), state="pruned", keep=0) == []


@pytest.mark.parametrize(
    "seen, params, message",
    [
        (see, {"state": "reset", "keep": 1}, "keep 1: says which generations are given up"),
        (see, {"state": "pruned"}, "prune: has to be told what to keep"),
        (lambda: see(running={"x": RUNNING}), {"state": "pruned", "keep": 1}, "subhost x: is not stopped"),
        (see, {"state": "saved", "id": "a"}, "STORE: is not there"),
        (see, {"state": "saved", "id": "../a"}, "layer ../a: is no name of a layer"),
        (see, {"state": "started", "id": "a"}, "id a: is the name of a layer"),
        (see, {"state": "started", "generation": 1}, "generation 1: is gone to by a reset"),
        (see, {"state": "reset", "generation": 1}, "STORE: has no generations"),
        (lambda: see(STORED, WITH_STORE), {"state": "reset", "generation": 7}, "generation 7: the store does not have it"),
        (lambda: see("BASE=.\nUPPER=/base\nLOWER=/base\n"), {"state": "reset"}, "UPPER: is no folder of a union"),
        (lambda: see(running={"x": RUNNING}), {"state": "reset"}, "subhost x: is not stopped"),
        (
            lambda: see(STORED, HOST._replace(mounts=(*HOST.mounts, mount(9, 1, "/s/x/root", "tmpfs")))),
            {"state": "saved", "id": "a"},
            "STORE: is not in the same mount",
        ),
        (
            lambda: see(STORED, WITH_STORE._replace(small_files={**STORE, "/s/x/store/generations": {"2": "gone\n"}})),
            {"state": "started"},
            "generation 2: is damaged: layer gone cannot be read",
        ),
    ],
)
def test_what_a_session_is_refused_for(seen, params, message):
    with pytest.raises(OverlayrootError, match=message):
        steps_for(seen(), **params)


def test_an_interfaces_file_is_left_alone():
    host = HOST._replace(plain_files=("/s/x/root/etc/network/interfaces",))
    assert "write_file" not in [step for step, _name in steps_for(see(host=host))]


def test_addresses_and_the_gateway():
    text = "BASE=.\nLOWER=/base\nCABLES= = =\nADDRESSES=- 192.0.2.2/24\nGATEWAY=192.0.2.1\n"
    steps = planner.plan(see(text), planner.wanted(PARAMS))
    cables = [(step.address, step.gateway) for step in steps if step.show()["step"] == "add_cable"]
    assert cables == [("", ""), ("192.0.2.2/24", "192.0.2.1")]


def test_bridges_are_made_where_asked():
    seen = see("BASE=.\nLOWER=/base\nCABLES=br0= br0=\n")
    assert [name for step, name in steps_for(seen, bridges=True) if step == "add_bridge"] == ["br0"]


@pytest.mark.parametrize(
    "seen, message",
    [
        (lambda: see("BASE=none\n"), "x.conf, BASE=/s/x/none: does not exist"),
        (lambda: see("BASE=.\nLOWER=/none\n"), "x.conf, LOWER=/none: does not exist"),
        (lambda: see("BASE=.\nUPPER=none\n"), "x.conf, UPPER=/s/x/none: does not exist"),
        (lambda: see("BASE=.\nSHARE=/none\n"), "x.conf, SHARE=/none: does not exist"),
        (lambda: see("BASE=.\nCABLES=br0=\n"), "bridge br0: does not exist"),
        (lambda: see("BASE=.\nCABLES=br0=\n", links={"br0": "veth"}), "bridge br0: is no bridge"),
        (lambda: see("BASE=.\nCABLES==\n", links={"x0": "veth"}), "interface x0: is there already"),
        (lambda: see(host=HOST._replace(files={})), "is not there, and subhosts are run by it"),
        (lambda: see(namespaces=("x",), occupied=("x",)), "NAME x: is that of a network namespace that processes are in"),
        (lambda: see(running={"x": RUNNING._replace(live="/other")}), "NAME x: is that of the subhost of /s/x/x.conf"),
        (
            lambda: see(host=HOST._replace(mounts=(*HOST.mounts, mount(9, 1, "/s/x/live", "tmpfs")))),
            "LIVE /s/x/live: has another mount .tmpfs.",
        ),
        (
            lambda: see(host=HOST._replace(mounts=(*HOST.mounts, mount(9, 1, "/s/x/work", "tmpfs")))),
            "is not in the same mount as the upper",
        ),
    ],
)
def test_bad_input(seen, message):
    with pytest.raises(OverlayrootError, match=message):
        steps_for(seen())


def test_the_command_is_put_in_place():
    assert steps_for(see(), command="bmV3")[0] == ("write_file", "overlayrootctl")
    assert ("write_file", "overlayrootctl") not in steps_for(see(), command="b2xk")
    with pytest.raises(OverlayrootError, match="option command: is not base64"):
        steps_for(see(), command="new!")


def test_info():
    state = see(running={"x": RUNNING, "y": RUNNING})
    assert [found["name"] for found in subhost_info.show(state, subhost_info.wanted({"name": None}))["subhosts"]] == ["x", "y"]
    assert subhost_info.show(state, subhost_info.wanted({"name": "x"}))["subhosts"] == [
        {"name": "x", "config": CONFIG, "live": "/s/x/live", "pid": 100, "seconds": 5}
    ]


TEXTS = st.builds(
    "BASE=.\n{}{}{}".format,
    st.sampled_from(("LOWER=/base\n", "LOWER=/base\nLIVE=/base\n", "LOWER=/base\nUPPER=/base\n", "", "LOWER=/base\nSTORE=store\n")),
    st.sampled_from(("", "CABLES= =\n", "CABLES=br0= =02:00:00:00:00:01 =.7\n")),
    st.sampled_from(("", "MEMORY=1G\nCPU=50%\n")),
)


@st.composite
def seen_of_hosts(draw):
    text = draw(TEXTS)
    mounts = draw(st.sampled_from(((), (MOUNTED,), (mount(9, 1, "/s/x/live", device="8:1", root="/base"),))))
    host = draw(st.sampled_from((HOST, WITH_STORE)))._replace(mounts=(*HOST.mounts, *mounts))
    live = "/base" if "LIVE" in text else "/s/x/live"
    is_there = draw(st.booleans())
    return see(
        text,
        host,
        running={"x": RUNNING._replace(live=live)} if is_there else {},
        namespaces=("x", "y") if is_there or draw(st.booleans()) else ("y",),
        occupied=("x",) if is_there else (),
        links=draw(st.sampled_from(({}, {"br0": "bridge"}, {"br0": "bridge", "x0": "veth", "x1": "veth", "x1.7": "vlan"}))),
        limited=draw(st.sampled_from(((), ("x",)))),
    )


@given(seen_of_hosts(), st.sampled_from(planner.ARGUMENTS["state"]["choices"]), st.booleans(), st.sampled_from((None, 0, 1, 2)))
@settings(derandomize=True, database=None, max_examples=400, deadline=None)
def test_nothing_is_left_to_do_and_all_can_be_undone(seen, state, bridges, number):
    of_session = {"saved": {"id": f"one{number}"}, "reset": {"generation": number}, "pruned": {"keep": number or 0}}
    wanted = planner.wanted({**PARAMS, "state": state, "bridges": bridges, **of_session.get(state, {})})
    try:
        steps = planner.plan(seen, wanted)
    except OverlayrootError as error:
        event("refused: " + error.subject.split()[0])
        return
    event(f"{len(steps)} steps")
    after = plan.simulate(seen, steps)
    assert planner.plan(after, wanted) == ()
    assert planner.show(after, wanted)["subhost"]["running"] == wanted.starts
    if state not in ("reset", "pruned", "absent"):
        back = plan.simulate(after, plan.undo(seen, steps))
        assert planner.show(back, wanted)["subhost"]["running"] == planner.show(seen, wanted)["subhost"]["running"]
        assert not any(step.destroys for step in steps)
