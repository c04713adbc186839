# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, layout, plan, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_reset
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT_UNION = mount(1, 0, "/", "overlay", "lowerdir=/b,upperdir=/u,workdir=/w")
BASE = mount(2, 1, layout.BASE, access="ro")
DATA = mount(3, 1, layout.DATA)
CONF = layout.BASE + bootconf.PATH
STORE = {
    store.LAYERS: {"a": None, "a.json": "{}", "b": None},
    store.GENERATIONS: {"1": "a\n", "2": "a\nb\n", "3": "gone\n"},
    store.BOOT: {"current": "2\n"},
}
ON_DISK = FakeHost(
    folders=(store.BOOT,),
    files={CONF: BootConf(persistence="upper", data="LABEL=data", data_type="ext4").text},
    small_files=STORE,
    mounts=(ROOT_UNION, BASE, DATA),
)
IN_RAM = ON_DISK._replace(files={CONF: BootConf(data="LABEL=data", data_type="ext4").text})
WITHOUT_DATA = FakeHost(folders=(layout.BASE + "/etc/overlayroot/boot",), files={CONF: BootConf().text}, mounts=(ROOT_UNION, BASE))
HOSTS = [ON_DISK, IN_RAM, WITHOUT_DATA]

COURSE = FakeHost(
    folders=("/srv/course", "/l", "/rw/upper", "/rw/work"),
    mounts=(ROOT, mount(7, 1, "/srv/course", "overlay", "lowerdir=/l,upperdir=/rw/upper,workdir=/rw/work", "0:50")),
)


def plan_for(host, **params):
    generation = params.pop("generation", None)
    generation = None if generation is None else str(generation)
    wanted = union_reset.wanted({"path": "/", "keep": [], **params, "generation": generation})
    seen = host.see(union_reset.sight(wanted))
    return seen, wanted, union_reset.plan(seen, wanted)


def requested(host, when="next_boot", generation=None):
    """What boot/next is made to hold, None where it stays."""
    written = [step.content for step in plan_for(host, when=when, generation=generation)[2] if hasattr(step, "content")]
    return written[0] if written else None


def asking(host, text):
    return host._replace(files={**host.files, store.NEXT: text + "\n"})


def test_an_upper_on_the_disk_is_reset_by_request():
    assert requested(ON_DISK) == "reset\n"


HOME = mount(4, 1, "/home", "overlay", f"lowerdir=/b,upperdir={store.TOP}/mounts/home/upper,workdir=/w", "0:9")
KEEPING = ON_DISK._replace(
    folders=(*ON_DISK.folders, "/etc/ssh", "/home/ann/my docs"),
    links={"/link": "/etc"},
    mounts=(mount(1, 0, "/", "overlay", f"lowerdir=/b,upperdir={store.TOP}/upper,workdir=/w"), BASE, DATA, HOME, mount(5, 1, "/srv")),
)


def test_what_is_kept():
    keep = ["/home/ann/my docs/\\xff", "/etc/ssh/keys", "/home/ann/x"]
    seen, wanted, steps = plan_for(KEEPING, when="next_boot", keep=keep)
    assert [(step.show()["step"], step.path) for step in steps] == [
        ("copy_up", "/etc/ssh"),
        ("copy_up", "/home/ann"),
        ("copy_up", "/home/ann/my docs"),
        ("prepare_kept", store.KEPT),
        ("write_file", store.NEXT),
    ]
    assert steps[3].uppers == (
        ("mounts/home/upper", store.TOP + "/mounts/home/upper", ("/ann/my docs/\udcff", "/ann/x")),
        ("upper", store.TOP + "/upper", ("/etc/ssh/keys",)),
    )
    assert steps[4].content.split("\n") == [
        "reset",
        "keep=mounts/home/upper/ann/my\\0040docs/\\0377",
        "keep=mounts/home/upper/ann/x",
        "keep=upper/etc/ssh/keys",
        "",
    ]
    assert union_reset.plan(plan.simulate(seen, steps), wanted) == ()


@pytest.mark.parametrize(
    "host, params, message",
    [
        (ON_DISK, {"when": "never", "keep": ["/a"]}, "keep /a: all is kept where nothing is reset. Leave it out."),
        (COURSE, {"path": "/srv/course", "when": "now", "keep": ["/a"]}, "keep /a: a reset leaves / alone. Leave it out."),
        (
            COURSE,
            {"path": "/srv/course", "when": "now", "keep": ["/srv/course"]},
            "keep /srv/course: is what is to be reset. Name what is to be kept.",
        ),
        (
            COURSE,
            {"path": "/srv/course", "when": "now", "keep": ["/srv/course/no/x"]},
            "keep /srv/course/no/x: /srv/course/no is no folder, or leads elsewhere. Give the path without links.",
        ),
        (
            COURSE._replace(folders=(*COURSE.folders, "/srv/course/disk"), mounts=(*COURSE.mounts, mount(8, 7, "/srv/course/disk"))),
            {"path": "/srv/course", "when": "now", "keep": ["/srv/course/disk/x"]},
            "keep /srv/course/disk/x: a reset leaves /srv/course/disk alone. Leave it out.",
        ),
        (
            KEEPING,
            {"keep": ["/a"], "generation": 1},
            "keep /a: was written over what generation 1 may not have. Leave one of the two out.",
        ),
        (KEEPING, {"keep": ["/a", "/a/b"]}, "keep /a/b: lies within /a, which is kept whole. Leave it out."),
        (KEEPING, {"keep": ["/"]}, "keep /: is what is to be reset. Name what is to be kept."),
        (KEEPING, {"keep": ["a"]}, "path a: is not an absolute path without ... Give the whole path."),
        (KEEPING, {"keep": ["/etc/../x"]}, "path /etc/../x: is not an absolute path without ... Give the whole path."),
        (KEEPING, {"keep": ["/no/x"]}, "keep /no/x: /no is no folder, or leads elsewhere. Give the path without links."),
        (KEEPING, {"keep": ["/link/x"]}, "keep /link/x: /link is no folder, or leads elsewhere. Give the path without links."),
        (KEEPING, {"keep": ["/srv/x"]}, "keep /srv/x: a reset leaves /srv alone. Leave it out."),
        (IN_RAM, {"keep": ["/x"]}, "keep /x: an upper in RAM is gone at the next boot. Give its folder the policy bind."),
    ],
)
def test_what_cannot_be_kept(host, params, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host, **{"when": "next_boot", **params})
    assert str(caught.value) == message


@pytest.mark.parametrize("host", [IN_RAM, WITHOUT_DATA])
def test_an_upper_in_ram_needs_no_request(host):
    assert plan_for(host, when="next_boot")[2] == ()


@pytest.mark.parametrize("host", [ON_DISK, IN_RAM])
@pytest.mark.parametrize("generation", [0, 1])
def test_another_generation_is_gone_to(host, generation):
    assert requested(host, generation=generation) == f"rollback={generation}\n"


def test_the_current_generation():
    assert requested(ON_DISK, generation=2) == "rollback=2\n"
    assert requested(IN_RAM, generation=2) is None


@pytest.mark.parametrize(
    "generation, problem",
    [
        (9, "the store does not have it. Use one of 0, 1, 2, 3."),
        (3, "is damaged: layer gone cannot be read. Use another generation."),
    ],
)
def test_a_generation_that_cannot_be_booted(generation, problem):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(ON_DISK, when="next_boot", generation=generation)
    assert str(caught.value) == f"generation {generation}: {problem}"


@pytest.mark.parametrize("host", [ON_DISK, IN_RAM])
def test_the_previous_generation(host):
    assert requested(host, generation="previous") == "rollback=1\n"


@pytest.mark.parametrize(
    "boot, message",
    [
        ({}, "generation 0: there is none before it. Save one first, or name the generation."),
        ({"current": "two"}, "boot/current: holds no number. Run overlayrootctl check --repair."),
    ],
)
def test_there_is_no_previous_generation(boot, message):
    with pytest.raises(OverlayrootError) as caught:
        requested(ON_DISK._replace(small_files={**STORE, store.BOOT: boot}), generation="previous")
    assert str(caught.value) == message


@pytest.mark.parametrize("generation", ["-1", "two", "", "1 "])
def test_what_is_no_generation(generation):
    with pytest.raises(OverlayrootError) as caught:
        requested(ON_DISK, generation=generation)
    assert str(caught.value) == f"generation {generation}: is no number. Give its number, or previous."


def test_a_generation_without_a_store():
    with pytest.raises(OverlayrootError) as caught:
        plan_for(WITHOUT_DATA, when="next_boot", generation=0)
    assert str(caught.value) == (
        "the store: no data file system is mounted."
        " Provision the host with overlayroot_data, and boot it into its union."
    )


def test_one_reset_takes_the_place_of_another():
    assert requested(asking(ON_DISK, "reset"), generation=1) == "rollback=1\n"
    assert requested(asking(ON_DISK, "rollback=1")) == "reset\n"


@pytest.mark.parametrize("request_", ["save=x", "mode=off"])
def test_another_request_is_left_alone(request_):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(asking(ON_DISK, request_), when="next_boot")
    assert str(caught.value) == (
        f"the next boot: is asked for {request_} already."
        " Let it be done first, or withdraw it by boot_next with none."
    )


@pytest.mark.parametrize("request_, after", [("reset", ""), ("rollback=1", ""), ("save=x", None), ("mode=off", None)])
def test_withdrawn(request_, after):
    assert requested(asking(ON_DISK, request_), when="never") == after


def test_two_resets_of_one_union_take_turns():
    wanted = union_reset.wanted({"path": "/srv/course/", "when": "now", "keep": [], "generation": None})
    assert union_reset.locked(wanted) == (layout.STORE, layout.RUN, "/srv")


def test_now():
    seen, _wanted, steps = plan_for(COURSE, path="/srv/course", when="now")
    assert [(step.show()["step"], step.show()["path"]) for step in steps] == [
        ("unmount", "/srv/course"),
        ("set_aside", "/rw/upper"),
        ("set_aside", "/rw/work"),
        ("make_dir", "/rw/upper"),
        ("make_dir", "/rw/work"),
        ("mount", "/srv/course"),
        ("remove_tree", "/srv/course"),
        ("remove_tree", "/srv/course"),
    ]
    assert steps[1].aside == "/rw/.upper.reset-7"
    assert steps[5].union == steps[0].union
    assert union_reset.check_apply(seen, steps) is None


def test_what_is_kept_now():
    host = COURSE._replace(folders=(*COURSE.folders, "/srv/course/ann"))
    seen, wanted, steps = plan_for(host, path="/srv/course", when="now", keep=["/srv/course/ann/\\xff", "/srv/course/x"])
    assert union_reset.sight(wanted).kept == ("/srv/course", ("/srv/course/ann/\udcff", "/srv/course/x"))
    assert [step.show()["step"] for step in steps] == [
        *("copy_up", "unmount", "set_aside", "set_aside", "make_dir", "make_dir", "keep", "mount", "remove_tree", "remove_tree"),
    ]
    assert (steps[0].path, steps[6].path, steps[6].aside) == ("/srv/course/ann", "/rw/upper", "/rw/.upper.reset-7")
    assert steps[6].names == ("/ann/\udcff", "/x")
    assert union_reset.show(plan.simulate(seen, steps), wanted)["reset"]["upper_empty"]
    assert union_reset.plan(seen._replace(only_kept=True), wanted) == ()


@pytest.mark.parametrize(
    "host, params, message",
    [
        (ON_DISK, {"when": "now"}, "path /: the root is in use until the host goes down. Use when: next_boot."),
        (
            COURSE,
            {"path": "/srv/course", "when": "next_boot"},
            "path /srv/course: the boot hook resets the root, and all with it. Use when: now, or path: /.",
        ),
        (ON_DISK, {"when": "never", "generation": 1}, "generation 1: is for the next boot to go to. Use when: next_boot."),
        (COURSE, {"path": "/l", "when": "now"}, "path /l: no union is mounted there. Name the mount point of a union."),
        (
            COURSE._replace(mounts=(ROOT, mount(7, 1, "/srv/course", "overlay", "lowerdir=/l:/rw", "0:50"))),
            {"path": "/srv/course", "when": "now"},
            "path /srv/course: the union is read-only: it has no upper. There is nothing to reset.",
        ),
        (
            COURSE._replace(mounts=(*COURSE.mounts, mount(8, 1, "/rw/upper/disk"))),
            {"path": "/srv/course", "when": "now"},
            "/rw/upper: /rw/upper/disk is mounted in it. Unmount that first.",
        ),
        (
            COURSE._replace(folders=("/srv/course", "/l")),
            {"path": "/srv/course", "when": "now"},
            "/rw/upper: is not there any more. Unmount the union, and mount it anew.",
        ),
        (
            COURSE._replace(
                mounts=(*COURSE.mounts, mount(8, 1, "/m", "overlay", "lowerdir=/l:/srv/course/x", "0:51")),
            ),
            {"path": "/srv/course", "when": "now"},
            "/srv/course: the union at /m lies on it. Unmount that first.",
        ),
    ],
)
def test_refused(host, params, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host, **params)
    assert str(caught.value) == message


def test_shown():
    seen, wanted, steps = plan_for(ON_DISK, when="next_boot")
    assert union_reset.show(seen, wanted) == {"reset": {"path": "/", "request": ""}}
    assert union_reset.show(plan.simulate(seen, steps), wanted) == {"reset": {"path": "/", "request": "reset"}}
    seen, wanted, steps = plan_for(COURSE, path="/srv/course", when="now")
    assert union_reset.show(seen, wanted) == {"reset": {"path": "/srv/course", "upper_empty": False}}
    assert union_reset.show(plan.simulate(seen, steps), wanted) == {"reset": {"path": "/srv/course", "upper_empty": True}}


def check(host, params, data):
    seen, wanted, steps = plan_for(host, **params)
    plan.check(steps, union_reset.asked(wanted))
    after = plan.simulate(seen, steps)
    assert union_reset.plan(after, wanted) == ()
    # What was set aside is removed last, when all else is done.
    undoable = sum(not step.destroys for step in steps)
    done = steps[: data.draw(st.integers(0, undoable))]
    back = plan.simulate(plan.simulate(seen, done), plan.undo(seen, done))
    assert [(mount.path, mount.fstype) for mount in back.mounts] == [(mount.path, mount.fstype) for mount in seen.mounts]
    assert {path: file and file.content.strip() or None for path, file in back.files.items()} == {
        path: file and file.content.strip() or None for path, file in seen.files.items()
    }
    assert {path: info.kind for path, info in back.paths.items()} == {path: info.kind for path, info in seen.paths.items()}


@given(
    st.sampled_from([ON_DISK, IN_RAM]),
    st.sampled_from(["", "reset", "rollback=0", "rollback=1"]),
    st.sampled_from(["next_boot", "never"]),
    st.sampled_from([None, 0, 1, 2, "previous"]),
    st.data(),
)
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(host, request_, when, generation, data):
    host = asking(host, request_) if request_ else host
    check(host, {"when": when, "generation": generation if when == "next_boot" else None}, data)


@given(st.data())
@settings(derandomize=True, database=None, deadline=None, max_examples=20)
def test_a_second_reset_has_nothing_to_do(data):
    keep = data.draw(st.lists(st.sampled_from(["/srv/course/a", "/srv/course/b"]), unique=True))
    check(COURSE, {"path": "/srv/course", "when": "now", "keep": keep}, data)
