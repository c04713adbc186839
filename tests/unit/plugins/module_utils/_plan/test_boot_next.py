# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, layout, plan, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.bootconf import BootConf
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import boot_next
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount
from hypothesis import given, settings
from hypothesis import strategies as st

IN_RAM = BootConf().text
ON_DISK = BootConf(persistence="upper", data="LABEL=data", data_type="ext4").text
UNION = mount(1, 0, "/", "overlay", "lowerdir=/b,upperdir=/u,workdir=/w")
BASE = mount(2, 1, layout.BASE, access="ro")
DATA = mount(3, 1, layout.DATA)
NEXT_ON_BASE = layout.BASE + "/etc/overlayroot/boot/next"
NEXT_IN_STORE = layout.DATA + "/overlayroot/boot/next"

UNPROTECTED = FakeHost(folders=("/etc/overlayroot/boot",), files={bootconf.PATH: IN_RAM})
PROTECTED = FakeHost(
    folders=(layout.BASE + "/etc/overlayroot/boot",),
    files={layout.BASE + bootconf.PATH: IN_RAM},
    mounts=(UNION, BASE),
)
STORED = FakeHost(
    folders=(layout.DATA + "/overlayroot/boot",),
    files={layout.BASE + bootconf.PATH: ON_DISK},
    mounts=(UNION, BASE, DATA),
)


def plan_for(host, request):
    wanted = boot_next.wanted({"request": request})
    seen = host.see(boot_next.sight(wanted))
    return seen, wanted, boot_next.plan(seen, wanted)


def steps_for(host, request="mode=off"):
    return [step.show() for step in plan_for(host, request)[2]]


def asking(host, path, content):
    return host._replace(files={**host.files, path: content})


def test_without_the_union():
    assert steps_for(UNPROTECTED) == [{"step": "write_file", "path": "/etc/overlayroot/boot/next"}]


def test_in_a_union_without_data_the_base_is_writable_for_a_moment():
    assert steps_for(PROTECTED) == [
        {"step": "remount", "path": layout.BASE, "read_only": False},
        {"step": "write_file", "path": NEXT_ON_BASE},
        {"step": "remount", "path": layout.BASE, "read_only": True},
    ]


def test_on_the_base_of_a_union_an_old_request_is_overwritten_in_place():
    assert steps_for(asking(PROTECTED, NEXT_ON_BASE, ""))[1] == {"step": "overwrite_file", "path": NEXT_ON_BASE}


def test_in_a_union_with_data():
    assert steps_for(STORED) == [{"step": "write_file", "path": NEXT_IN_STORE}]


def test_the_folder_is_made():
    host = STORED._replace(folders=(layout.DATA,))
    assert [step["step"] for step in steps_for(host)] == ["make_dir", "write_file"]


@pytest.mark.parametrize("request_", ["mode=off", "generation=0", "generation=12"])
def test_requests(request_):
    host = STORED._replace(small_files={store.GENERATIONS: {"12": "", "12.new": "", "x": ""}})
    (write,) = plan_for(host, request_)[2]
    assert write.content == request_ + "\n"


def test_a_request_that_is_there_already():
    assert steps_for(asking(STORED, NEXT_IN_STORE, "mode=off\n")) == []


@pytest.mark.parametrize("host", [STORED, asking(STORED, NEXT_IN_STORE, "")])
def test_nothing_to_withdraw(host):
    assert steps_for(host, "none") == []


def test_a_request_is_withdrawn():
    (write,) = plan_for(asking(STORED, NEXT_IN_STORE, "reset\n"), "none")[2]
    assert write.content == ""


def test_shown():
    seen, wanted, steps = plan_for(STORED, "mode=off")
    assert boot_next.show(seen, wanted) == {"request": "none"}
    assert boot_next.show(plan.simulate(seen, steps), wanted) == {"request": "mode=off"}


def test_a_request_may_always_be_made():
    seen, wanted, steps = plan_for(PROTECTED, "mode=off")
    plan.check(steps, boot_next.asked(wanted))
    boot_next.check_apply(seen, steps)


@pytest.mark.parametrize("request_", ["", "mode=on", "generation=", "generation=-1", "generation=01", "reset", "off"])
def test_an_unknown_request(request_):
    with pytest.raises(OverlayrootError) as caught:
        boot_next.wanted({"request": request_})
    assert str(caught.value) == (
        "request %s: is none that this module makes. Use mode=off, generation=N or none." % request_
    )


def test_a_generation_that_is_not_there():
    host = STORED._replace(small_files={store.GENERATIONS: {"1": "", "10": "", "9": "", "10.new": ""}})
    with pytest.raises(OverlayrootError, match="^generation 3: the store does not have it. Use one of 0, 1, 9, 10.$"):
        plan_for(host, "generation=3")


def test_a_host_that_is_not_provisioned():
    with pytest.raises(OverlayrootError) as caught:
        plan_for(FakeHost(), "mode=off")
    assert str(caught.value) == (
        "/etc/overlayroot/boot.conf: this host is not provisioned. Run the playbook provision."
    )


def test_a_host_with_data_that_runs_without_its_union():
    host = FakeHost(files={bootconf.PATH: ON_DISK}, mounts=(ROOT,))
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host, "mode=off")
    assert str(caught.value) == (
        "the data file system: is not mounted, since this host runs without its union. Boot it into the union first."
    )


@given(
    st.sampled_from([(UNPROTECTED, "/etc/overlayroot/boot"), (PROTECTED, NEXT_ON_BASE[:-5]), (STORED, NEXT_IN_STORE[:-5])]),
    st.sampled_from([None, "", "reset\n", "mode=off", "mode=off\nreset\n"]),
    st.sampled_from(["mode=off", "generation=0", "none"]),
    st.booleans(),
    st.data(),
)
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(host_and_folder, old, request_, has_folder, data):
    host, folder = host_and_folder
    if old is not None:
        host = asking(host, folder + "/next", old)
    elif not has_folder:
        host = host._replace(folders=(folder.rpartition("/")[0],))
    seen, wanted, steps = plan_for(host, request_)
    after = plan.simulate(seen, steps)
    assert boot_next.plan(after, wanted) == ()
    assert after.mounts == seen.mounts
    done = steps[: data.draw(st.integers(0, len(steps)))]
    back = plan.simulate(plan.simulate(seen, done), plan.undo(seen, done))
    assert (back.files, back.mounts) == (seen.files, seen.mounts)
    assert {path: info.kind for path, info in back.paths.items()} == {
        path: info.kind for path, info in seen.paths.items()
    }
