# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, exit_root, layout, plan, policy, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import WriteFile
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import save
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = mount(2, 1, layout.BASE, access="ro")
DATA = mount(3, 1, layout.DATA)
STORE = {
    store.LAYERS: {"a": None, "a.json": "{}", "b": None},
    store.GENERATIONS: {"1": "a\n", "2": "a\nb\n"},
    store.BOOT: {"current": "2\n"},
}


def union(number, path, uppers, name=""):
    folder = f"{uppers}/mounts/{name}" if name else uppers
    options = f"lowerdir=/b,upperdir={folder}/upper,workdir={folder}/work"
    return mount(number, 0 if path == "/" else 1, path, "overlay", options, f"0:{number}")


def host(persistence, uppers, generation="2"):
    record = f"protected=yes\nreason=\npersistence={persistence}\ngeneration={generation}\n"
    conf = BootConf(persistence=persistence, data="LABEL=data", data_type="ext4").text
    return FakeHost(
        folders=(store.BOOT,),
        files={layout.BASE + bootconf.PATH: conf, layout.RECORD: record, store.CURRENT: "2\n"},
        small_files=STORE,
        mounts=(
            union(1, "/", uppers),
            BASE,
            DATA,
            union(4, "/usr", uppers, "usr"),
            union(5, "/srv/data", uppers, "srv=2Fdata"),
            union(6, "/mine", "/elsewhere"),
        ),
    )


IN_RAM = host("none", layout.RAM)
ON_DISK = host("upper", layout.STORE)
PARAMS = {"id": "new", "label": "after the course", "drop_acls": False, "mode": "auto", "session": False, "upper": None, "store": None}


def plan_for(host, **params):
    wanted = save.wanted({**PARAMS, **params})
    seen = host.see(save.sight(wanted))
    return seen, wanted, save.plan(seen, wanted)


def test_an_upper_in_ram_is_saved_at_once():
    _seen, _wanted, steps = plan_for(IN_RAM)
    assert [(step.show()["step"], step.path) for step in steps] == [
        ("copy_up", "/srv"),
        ("save_layer", store.LAYERS + "/new"),
        ("write_file", store.GENERATIONS + "/3"),
        ("write_file", store.CURRENT),
    ]
    assert [step[:2] for step in steps[1].uppers] == [
        ("/", layout.RAM + "/upper"),
        ("/srv/data", layout.RAM + "/mounts/srv=2Fdata/upper"),
        ("/usr", layout.RAM + "/mounts/usr/upper"),
    ]
    assert all(lower for *_upper, lower in steps[1].uppers)
    assert (steps[2].content, steps[3].content) == ("a\nb\nnew\n", "3\n")


def test_access_lists_are_left_out_where_that_is_asked_for():
    assert plan_for(IN_RAM)[2][1].dropped == ()
    assert plan_for(IN_RAM, drop_acls=True)[2][1].dropped == ("system.posix_acl_access", "system.posix_acl_default")


def test_the_layer_lies_on_the_generation_that_is_booted():
    steps = plan_for(host("none", layout.RAM, generation="1"))[2]
    assert (steps[2].path, steps[2].content) == (store.GENERATIONS + "/3", "a\nnew\n")


def test_an_upper_on_the_disk_is_saved_by_the_next_boot():
    _seen, _wanted, steps = plan_for(ON_DISK)
    assert [(step.show()["step"], step.path) for step in steps] == [
        ("copy_up", "/srv"),
        ("write_file", store.LAYERS + "/new.json"),
        ("write_file", store.NEXT),
    ]
    assert json.loads(steps[1].content) == {"label": "after the course", "format": "overlay", "time": IN_RAM.time}
    assert steps[2].content == "save=new\n"


@pytest.mark.parametrize("name", ["a.squashfs", "a.ext4"])
def test_the_name_of_an_image_is_no_name_of_a_layer(name):
    with pytest.raises(OverlayrootError, match="is what an image would be called"):
        save.wanted({**PARAMS, "id": name})


def test_an_upper_in_ram_can_be_put_into_transit():
    _seen, _wanted, steps = plan_for(IN_RAM, mode="indirect")
    assert [(step.show()["step"], step.path) for step in steps] == [
        ("copy_up", "/srv"),
        ("make_dir", store.TRANSIT),
        ("save_layer", store.TRANSIT + "/new"),
        ("write_file", store.TRANSIT + "/new.layers"),
        ("write_file", store.NEXT),
    ]
    assert (steps[3].content, steps[4].content) == ("a\nb\nnew\n", "save=new\n")


def test_an_upper_is_a_layer_at_once_where_that_can_be():
    assert plan_for(IN_RAM, mode="direct")[2] == plan_for(IN_RAM)[2]
    assert plan_for(ON_DISK, mode="indirect")[2] == plan_for(ON_DISK)[2]
    with pytest.raises(OverlayrootError) as caught:
        plan_for(ON_DISK, mode="direct")
    assert str(caught.value) == (
        "mode direct: the upper is on the disk and written to, so only the next boot can make it a layer. Use auto or indirect."
    )


def test_how_many_sessions_can_be_folded_is_told():
    layers = {**STORE[store.LAYERS], "a.json": '{"session": true}', "b.json": '{"session": true}'}
    found = IN_RAM._replace(small_files={**STORE, store.LAYERS: layers})
    for session, sessions in ((True, 3), (False, 0)):
        seen, wanted, steps = plan_for(found, session=session)
        assert save.show(seen, wanted)["sessions"] is None
        assert save.show(plan.simulate(seen, steps), wanted)["sessions"] == sessions


def test_a_session_is_noted_as_one():
    assert plan_for(IN_RAM, session=True)[2][1].about["session"]
    assert "session" not in plan_for(IN_RAM)[2][1].about


@pytest.mark.parametrize("request_", ["mode=off", "generation=1"])
def test_a_boot_that_goes_elsewhere_saves_the_session_as_well(request_):
    asked = IN_RAM._replace(files={**IN_RAM.files, store.NEXT: request_ + "\n"})
    seen, wanted, steps = plan_for(asked, mode="indirect", session=True)
    assert steps[-1] == WriteFile(store.NEXT, f"{request_}\nsave=new\n")
    assert save.plan(plan.simulate(seen, steps), wanted) == ()
    with pytest.raises(OverlayrootError, match=f"is asked for {request_} already"):
        plan_for(asked, mode="indirect")


EXIT_ROOT = mount(1, 0, "/", "overlay", exit_root.union((6, 12), "/").mount_options(), "0:9")
LEFT = IN_RAM._replace(
    mounts=(EXIT_ROOT, BASE, DATA),
    files={
        **IN_RAM.files,
        layout.BASE + policy.PATH: "union - / 0:0 755 -\nunion srv=2Fmy=20data /srv/my\\040data 0:0 755 -\nro boot /boot 0:0 755 -\n",
    },
)


def test_the_session_of_a_root_that_was_left():
    steps = plan_for(LEFT)[2]
    assert [step.show()["step"] for step in steps] == ["save_layer", "write_file", "write_file"]
    assert steps[0].uppers == (
        ("/", layout.RAM + "/upper", ()),
        ("/srv/my data", layout.RAM + "/mounts/srv=2Fmy=20data/upper", ()),
    )


@pytest.mark.parametrize("mounts, below", [((), layout.BASE), ((mount(9, 1, layout.LOWER, "overlay", "ro,lowerdir=/a:/b", "0:8"),), layout.LOWER)])
def test_of_unionfs_fuse_it_is_known_what_was_below(mounts, below):
    """It has notes about folders that are not in the upper."""
    record = LEFT.files[layout.RECORD] + "backend=unionfs_fuse\n"
    left = LEFT._replace(mounts=(*LEFT.mounts, *mounts), files={**LEFT.files, layout.RECORD: record})
    assert plan_for(left)[2][0].uppers[0] == ("/", layout.RAM + "/upper.unionfs_fuse", (below,))


@pytest.mark.parametrize("name", ["", ".", "..", ".a", "a/b", "a b", "a:b", "\n"])
def test_what_is_no_name_of_a_layer(name):
    with pytest.raises(OverlayrootError, match="is no name of a layer. Use letters, digits"):
        save.wanted({**PARAMS, "id": name})


@pytest.mark.parametrize(
    "host, message",
    [
        (
            IN_RAM._replace(mounts=(ROOT, DATA)),
            "the root: is no union that could be saved. Boot the host into its union.",
        ),
        (
            IN_RAM._replace(mounts=IN_RAM.mounts[:2]),
            "the store: no data file system is mounted."
            " Provision the host with overlayroot_data, and boot it into its union.",
        ),
        (
            IN_RAM._replace(files={**IN_RAM.files, layout.RECORD: "protected=no\nreason=no disk\n"}),
            "this host: no disk. Boot it into its union first.",
        ),
        (
            ON_DISK._replace(files={**ON_DISK.files, store.NEXT: "reset\n"}),
            "the next boot: is asked for reset already. Let it be done first, or withdraw it by boot_next with none.",
        ),
    ],
)
def test_refused(host, message):
    host = host._replace(files={**host.files, bootconf.PATH: BootConf().text})
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host)
    assert str(caught.value) == message


def keeping(host, **conf):
    """Configured to keep so much."""
    text = BootConf(persistence="upper", data="LABEL=data", data_type="ext4", **conf).text
    return host._replace(files={**host.files, layout.BASE + bootconf.PATH: text})


@pytest.mark.parametrize(
    "host, conf, given_up",
    [
        (IN_RAM, {"keep_generations": "3"}, []),
        (IN_RAM, {"keep_generations": "2"}, ["1"]),
        (ON_DISK, {"keep_generations": "2"}, ["1"]),
        (host("none", layout.RAM, generation="1"), {"keep_generations": "1"}, ["2", "b"]),
        (host("upper", layout.STORE), {"keep_generations": "1"}, ["1"]),
    ],
)
def test_a_save_gives_up_what_is_too_much(host, conf, given_up):
    seen, wanted, steps = plan_for(keeping(host, **conf))
    assert [step.path.rpartition("/")[2] for step in steps if step.destroys] == given_up
    plan.check(steps, save.asked(wanted))
    assert save.plan(plan.simulate(seen, steps), wanted) == ()


def test_shown():
    seen, wanted, steps = plan_for(IN_RAM)
    assert save.show(seen, wanted) == {"layer": {"id": "new"}, "generation": None, "sessions": None, "next_boot": False}
    assert save.show(plan.simulate(seen, steps), wanted) == {
        "layer": {"id": "new", "label": "after the course", "format": "overlay"},
        "generation": 3,
        "sessions": 0,
        "next_boot": False,
    }
    seen, wanted, steps = plan_for(ON_DISK)
    assert save.show(plan.simulate(seen, steps), wanted)["next_boot"]


@given(
    st.sampled_from([IN_RAM, ON_DISK]),
    st.sampled_from(["0", "1", "2"]),
    st.sampled_from(["", "x"]),
    st.sampled_from(["auto", "indirect"]),
    st.booleans(),
    st.data(),
)
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(host, generation, label, mode, session, data):
    record = host.files[layout.RECORD].replace("generation=2", f"generation={generation}")
    host = host._replace(files={**host.files, layout.RECORD: record})
    seen, wanted, steps = plan_for(host, label=label, mode=mode, session=session)
    plan.check(steps, save.asked(wanted))
    assert save.check_apply(seen, steps) is None
    assert save.plan(plan.simulate(seen, steps), wanted) == ()
    done = steps[: data.draw(st.integers(0, len(steps)))]
    back = plan.simulate(plan.simulate(seen, done), plan.undo(seen, done))
    assert (back.folders, back.mounts) == (seen.folders, seen.mounts)
