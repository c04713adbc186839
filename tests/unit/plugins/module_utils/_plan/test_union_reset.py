# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, layout, plan, request, session, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import RenewFilesystem, WriteFile
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


DEFAULTS = {"method": "discard", "id": None, "discard_saved": False, "keep": []}


def plan_for(host, **params):
    generation = params.pop("generation", None)
    generation = None if generation is None else str(generation)
    wanted = union_reset.wanted({"path": "/", **DEFAULTS, **params, "generation": generation})
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


RECORD = "protected=yes\nreason=\npersistence={}\ngeneration=2\n"


def uppers(host, top, persistence):
    """With the union of /home and a record, as they are when the hook has booted the host."""
    mounts = (
        mount(1, 0, "/", "overlay", f"lowerdir=/b,upperdir={top}/upper,workdir=/w"),
        *(BASE, DATA),
        mount(4, 1, "/home", "overlay", f"lowerdir=/b,upperdir={top}/mounts/home/upper,workdir=/w", "0:9"),
    )
    return host._replace(mounts=mounts, files={**host.files, layout.RECORD: RECORD.format(persistence)})


BOOTED_ON_DISK = uppers(ON_DISK, store.TOP, "upper")
BOOTED_IN_RAM = uppers(IN_RAM, layout.RAM, "none")
BOOTED_SESSION = uppers(
    ON_DISK._replace(files={CONF: BootConf(persistence="session", data="LABEL=data", data_type="ext4").text}), layout.RAM, "session"
)
DISCARDED = BOOTED_SESSION._replace(files={**BOOTED_SESSION.files, session.DISCARD: ""})
TIMED = "before-reset-20261121T080000Z"


def snapshot(host, **params):
    return plan_for(host, when="next_boot", method="snapshot", **params)


@pytest.mark.parametrize(
    "params, name, number",
    [
        ({}, TIMED, 2),
        ({"id": "mine"}, "mine", 2),
        ({"generation": 0}, TIMED, 0),
        ({"generation": "previous"}, TIMED, 1),
    ],
)
def test_an_upper_on_the_disk_becomes_a_generation_at_the_next_boot(params, name, number):
    seen, wanted, steps = snapshot(BOOTED_ON_DISK, **params)
    assert [(step.show()["step"], step.path) for step in steps] == [
        ("write_file", f"{store.LAYERS}/{name}.json"),
        ("write_file", store.NEXT),
    ]
    assert json.loads(steps[0].content) == {"label": "what a reset has taken off", "format": "overlay", "time": ON_DISK.time}
    assert steps[1].content == f"save={name}\nrollback={number}\n"
    assert union_reset.show(seen, wanted)["reset"]["snapshot"] == ""
    after = plan.simulate(seen, steps)
    assert union_reset.show(after, wanted)["reset"]["snapshot"] == name
    # An hour later it is still the same that is asked for.
    assert union_reset.plan(after._replace(time="2026-11-21T09:00:00Z"), wanted) == ()


@pytest.mark.parametrize("params, name", [({}, TIMED), ({"id": "mine"}, "mine")])
def test_an_upper_in_ram_becomes_a_generation_at_once_that_is_not_booted(params, name):
    seen, wanted, steps = snapshot(BOOTED_IN_RAM, **params)
    assert [(step.show()["step"], step.path) for step in steps] == [
        ("save_layer", f"{store.LAYERS}/{name}"),
        ("write_file", f"{store.GENERATIONS}/4"),
    ]
    assert steps[1].content == f"a\nb\n{name}\n"
    assert union_reset.show(plan.simulate(seen, steps), wanted)["reset"] == {"path": "/", "request": "", "snapshot": name}


def test_an_upper_in_ram_is_kept_and_another_generation_gone_to():
    steps = snapshot(BOOTED_IN_RAM, generation=1)[2]
    assert [step.show()["step"] for step in steps] == ["save_layer", "write_file", "write_file"]
    assert steps[2] == WriteFile(store.NEXT, "rollback=1\n")


@pytest.mark.parametrize(
    "params, names",
    [
        ({}, ["discard"]),
        ({"generation": 1}, ["next", "discard"]),
        ({"generation": 2}, ["discard"]),
        ({"method": "snapshot", "id": "mine"}, ["mine", "4", "discard"]),
    ],
)
def test_a_reset_discards_the_session(params, names):
    seen, wanted, steps = plan_for(BOOTED_SESSION, when="next_boot", **params)
    assert [step.path.rpartition("/")[2] for step in steps if not step.destroys] == names
    assert not union_reset.show(seen, wanted)["reset"]["discards_session"]
    after = plan.simulate(seen, steps)
    assert union_reset.show(after, wanted)["reset"]["discards_session"]
    assert union_reset.plan(after, wanted) == ()


def test_a_session_is_saved_after_all():
    steps = plan_for(asking(DISCARDED, "rollback=1"), when="never")[2]
    assert [step.path for step in steps] == [store.NEXT, session.DISCARD]
    assert plan_for(BOOTED_SESSION, when="never")[2] == ()


def pending(text, *notes):
    layers = {**STORE[store.LAYERS], **dict.fromkeys(notes, "{}")}
    host = BOOTED_ON_DISK._replace(small_files={**STORE, store.LAYERS: layers})
    return asking(host, text)


def test_a_snapshot_that_was_made_is_not_made_again():
    assert snapshot(BOOTED_ON_DISK, id="a")[2] == ()
    assert snapshot(BOOTED_IN_RAM, id="a")[2] == ()


@pytest.mark.parametrize("params", [{"when": "never"}, {"when": "next_boot"}, {"when": "next_boot", "generation": 1}])
def test_nothing_is_left_of_a_snapshot_that_is_not_made(params):
    _seen, wanted, steps = plan_for(pending("save=mine\nrollback=2", "mine.json"), **params)
    assert [(step.show()["step"], step.path) for step in steps] == [
        ("remove_file", f"{store.LAYERS}/mine.json"),
        ("write_file", store.NEXT),
    ]
    plan.check(steps, union_reset.asked(wanted))


def test_a_save_stays_when_no_reset_is_withdrawn():
    assert plan_for(pending("save=mine", "mine.json"), when="never")[2] == ()


@pytest.mark.parametrize("host", [BOOTED_ON_DISK, BOOTED_IN_RAM])
def test_a_snapshot_gives_up_what_is_too_much(host):
    text = host.files[CONF].replace("keep_generations=", "keep_generations=1")
    seen, wanted, steps = snapshot(host._replace(files={**host.files, CONF: text}))
    assert [step.path.rpartition("/")[2] for step in steps if step.destroys] == {"upper": ["1"], "none": ["1", "3"]}[
        request.conf(seen).persistence
    ]
    plan.check(steps, union_reset.asked(wanted))


def test_a_snapshot_of_another_union_stays_beside_its_upper():
    steps = plan_for(COURSE, path="/srv/course", when="now", method="snapshot")[2]
    assert [(step.show()["step"], step.show().get("aside")) for step in steps] == [
        ("unmount", None),
        ("set_aside", f"/rw/{TIMED}"),
        ("set_aside", "/rw/.work.reset-7"),
        *((step, None) for step in ("make_dir", "make_dir", "mount", "remove_tree")),
    ]
    assert steps[-1].aside == "/rw/.work.reset-7"
    assert plan_for(COURSE, path="/srv/course", when="now", method="snapshot", id="mine")[2][1].aside == "/rw/mine"


@pytest.mark.parametrize(
    "host, params, message",
    [
        (ON_DISK, {"when": "never"}, "method snapshot: is how a union is reset. Leave it out."),
        (ON_DISK, {"keep": ["/x"]}, "method snapshot: takes the upper off whole. Leave keep out, or use method: discard."),
        (ON_DISK, {"method": "discard", "id": "x"}, "id x: is the name of a snapshot. Use method: snapshot."),
        (
            ON_DISK,
            {"id": "../x"},
            "layer ../x: is no name of a layer. Use letters, digits, '_', '-' and '.', which is not to be the first.",
        ),
        (
            uppers(ON_DISK, layout.RAM, "none"),
            {},
            "method snapshot: this host only visits generation 2, without the upper that would be reset. Reboot it first.",
        ),
        (
            asking(BOOTED_ON_DISK, "mode=off"),
            {},
            "the next boot: is asked for mode=off already. Let it be done first, or withdraw it by boot_next with none.",
        ),
        (
            WITHOUT_DATA,
            {},
            "the store: no data file system is mounted. Provision the host with overlayroot_data, and boot it into its union.",
        ),
    ],
)
def test_no_snapshot(host, params, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host, **{"when": "next_boot", "method": "snapshot", **params})
    assert str(caught.value) == message


DISK = mount(8, 1, "/rw")
ON_ITS_OWN = COURSE._replace(mounts=(*COURSE.mounts, DISK))
NOW = {"path": "/srv/course", "when": "now", "method": "mkfs"}


def plan_alone(host, alone=True, **params):
    wanted = union_reset.wanted({**DEFAULTS, "generation": None, **NOW, **params})
    assert union_reset.sight(wanted).alone == "/srv/course"
    seen = host.see(union_reset.sight(wanted))._replace(alone=alone)
    return seen, wanted, union_reset.plan(seen, wanted)


def test_a_new_file_system_at_once():
    seen, wanted, steps = plan_alone(ON_ITS_OWN)
    assert [step.show()["step"] for step in steps] == ["unmount", "renew_filesystem", "mount"]
    assert steps[1] == RenewFilesystem("/srv/course", DISK, ("/rw/upper", "/rw/work"))
    plan.check(steps, union_reset.asked(wanted))
    after = plan.simulate(seen, steps)
    assert union_reset.plan(after, wanted) == ()
    assert union_reset.show(after, wanted)["reset"]["upper_empty"]
    assert plan_alone(ON_ITS_OWN, alone=False, discard_saved=True)[2] == steps


@pytest.mark.parametrize(
    "host, alone, message",
    [
        (ON_ITS_OWN, False, "/rw holds more than the upper and the work folder. Set discard_saved to let that go, too."),
        (COURSE._replace(mounts=(*COURSE.mounts, mount(8, 1, "/rw", "btrfs"))), True, "makes ext2, ext3, ext4, and none is btrfs. Use method: discard."),
        (COURSE._replace(mounts=(*COURSE.mounts, mount(8, 1, "/rw", root="/a"))), True, "/rw is only a part of a file system. Use method: discard."),
        (
            ON_ITS_OWN._replace(mounts=(*ON_ITS_OWN.mounts, mount(9, 1, "/elsewhere", device=DISK.device))),
            True,
            "/rw is in use: see what is mounted at /elsewhere. Unmount that first.",
        ),
        (
            ON_ITS_OWN._replace(mounts=(*ON_ITS_OWN.mounts, mount(9, 8, "/rw/disk"))),
            True,
            "/rw is in use: see what is mounted at /rw/disk. Unmount that first.",
        ),
        (
            ON_ITS_OWN._replace(
                folders=(*ON_ITS_OWN.folders, "/rw/base"),
                mounts=(*ON_ITS_OWN.mounts, mount(9, 1, "/m", "overlay", "lowerdir=/l:/rw/base", "0:51")),
            ),
            True,
            "/rw/base of the union at /m lies on /rw. Use method: discard.",
        ),
        (COURSE, True, "/ is in use: see what is mounted at /srv/course. Unmount that first."),
    ],
)
def test_no_new_file_system_at_once(host, alone, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_alone(host, alone)
    assert str(caught.value) == "method mkfs: " + message


IMAGE = frozenset({"usr/sbin/mke2fs", "usr/sbin/mkfs.ext4", "usr/sbin/blkid"})
EMPTY = BOOTED_ON_DISK._replace(
    initramfs={"6.1": IMAGE, "6.12": IMAGE},
    small_files={
        store.BOOT: {},
        store.GENERATIONS: {},
        store.LAYERS: {},
        store.TOP + "/keep": {},
        layout.DATA: {"overlayroot": None, "lost+found": None},
    },
)


def holding(host, folder, name):
    return host._replace(small_files={**host.small_files, folder: {**host.small_files[folder], name: None}})


SAVED = holding(holding(holding(EMPTY, layout.DATA, "base.squashfs"), store.TOP + "/keep", "srv"), store.LAYERS, "a")


def test_a_new_file_system():
    seen, wanted, steps = plan_for(EMPTY, when="next_boot", method="mkfs")
    assert steps == (WriteFile(store.NEXT, "mkfs\n"),)
    assert union_reset.plan(plan.simulate(seen, steps), wanted) == ()
    assert union_reset.show(plan.simulate(seen, steps), wanted)["reset"] == {"path": "/", "request": "mkfs"}
    assert requested(asking(EMPTY, "mkfs"), when="never") == ""
    assert plan_for(SAVED, when="next_boot", method="mkfs", discard_saved=True)[2] == steps


@pytest.mark.parametrize(
    "host, params, message",
    [
        (EMPTY, {"when": "never"}, "method mkfs: is how a union is reset. Leave it out."),
        (EMPTY, {"keep": ["/x"]}, "method mkfs: takes the upper off whole. Leave keep out, or use method: discard."),
        (EMPTY, {"generation": 0}, "method mkfs: leaves no generation but the bare base. Leave generation out."),
        (EMPTY, {"method": "discard", "discard_saved": True}, "discard_saved: is for a new file system. Use method: mkfs."),
        (IN_RAM, {}, "method mkfs: an upper in RAM is new at every boot. Leave it out."),
        (
            EMPTY._replace(files={CONF: BootConf(persistence="upper", data="LABEL=data", data_type="xfs").text}),
            {},
            "method mkfs: makes ext2, ext3, ext4, and LABEL=data is xfs. Use method: discard.",
        ),
        (
            EMPTY._replace(initramfs={"6.1": IMAGE, "6.12": frozenset({"usr/sbin/mke2fs", "usr/sbin/blkid"})}),
            {},
            "method mkfs: the initramfs of 6.12 has no mkfs.ext4. Run the playbook provision.",
        ),
        (
            SAVED,
            {},
            "the data file system: would be made anew with all that is saved on it: layer a, keep/srv, /base.squashfs."
            " Set discard_saved to allow that.",
        ),
        (
            holding(EMPTY, store.GENERATIONS, "1"),
            {},
            "the data file system: would be made anew with all that is saved on it: generation 1. Set discard_saved to allow that.",
        ),
    ],
)
def test_no_new_file_system(host, params, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host, **{"when": "next_boot", "method": "mkfs", **params})
    assert str(caught.value) == message


@given(
    st.sampled_from([BOOTED_ON_DISK, BOOTED_IN_RAM]),
    st.sampled_from(["", "reset", "rollback=0", "save=mine\nrollback=2", f"save={TIMED}\nrollback=1"]),
    st.sampled_from([None, "a", "mine"]),
    st.sampled_from([None, 0, 2, "previous"]),
    st.data(),
)
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_snapshot_has_nothing_to_do(host, request_, name, generation, data):
    host = asking(host, request_) if request_ else host
    check(host, {"when": "next_boot", "method": "snapshot", "id": name, "generation": generation}, data)


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
    params = {"path": "/srv/course/", "when": "now", **DEFAULTS, "generation": None}
    wanted = union_reset.wanted(params)
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


def written(state):
    """The files with something in them."""
    return {path: file.content.strip() for path, file in state.files.items() if file and file.content.strip()}


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
    assert written(back) == written(seen)
    assert {path: info.kind for path, info in back.paths.items()} == {path: info.kind for path, info in seen.paths.items()}


@given(
    st.sampled_from([ON_DISK, IN_RAM, BOOTED_SESSION, DISCARDED]),
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
