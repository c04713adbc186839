# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import halt_script, inits, inittab, layout, plan
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import halt_scripts
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount
from hypothesis import event, given, settings
from hypothesis import strategies as st

RC = "/etc/rc.shutdown"
PARAMS = {"state": "present", "script": "script\n", "scripts": [RC, "/etc/init.d/halt.sh"]}
TABLE = "::sysinit:/etc/rc\n::shutdown:/etc/rc.shutdown\n"
ENDS = "#!/bin/sh\nsync\numount -a -r\n"
KILLS = "fuser -km /home\n"
PROTECTED = (mount(1, 0, "/", "overlay", "lowerdir=/b,upperdir=/u,workdir=/w"), mount(2, 1, layout.BASE))

SYSTEMD = FakeHost(folders=("/run/systemd/system",), links={"/sbin/init": "/lib/systemd/systemd"})
SYSVINIT = FakeHost(plain_files=("/run/initctl",), small_files={"/etc/rc0.d": {"K01halt": None}})
OPENRC = FakeHost(folders=("/run/openrc",), plain_files=("/run/initctl",), small_files={"/etc/runlevels/off": {"halt": None}})
BUSYBOX = FakeHost(links={"/sbin/init": "/bin/busybox"}, files={inittab.PATH: TABLE, RC: ENDS})


def plan_for(host, **params):
    wanted = halt_scripts.wanted({**PARAMS, **params})
    seen = host.see(halt_scripts.sight(wanted))
    return seen, wanted, halt_scripts.plan(seen, wanted)


def shown(steps):
    return [(step.show()["step"], step.show()["path"]) for step in steps]


def after(host, **params):
    seen, _wanted, steps = plan_for(host, **params)
    return {path: file.content for path, file in plan.simulate(seen, steps).files.items() if file}


def test_systemd_needs_nothing():
    assert plan_for(SYSTEMD._replace(files={RC: ENDS + KILLS}))[2] == ()


@pytest.mark.parametrize("host, folder", [(SYSVINIT, "/etc/rc0.d"), (OPENRC, "/etc/runlevels/off")])
def test_an_init_script_is_linked(host, folder):
    seen, wanted, steps = plan_for(host)
    assert shown(steps) == [("add_script", inits.SCRIPT)]
    assert steps[0].folder == folder
    assert halt_scripts.show(plan.simulate(seen, steps), wanted) == {"script": True, "patched": []}


def test_an_init_script_that_is_linked_is_known():
    host = SYSVINIT._replace(files={inits.SCRIPT: "script\n"}, small_files={"/etc/rc0.d": {"K03overlayroot": None}})
    assert plan_for(host)[2] == ()
    assert shown(plan_for(host, state="absent")[2]) == [("remove_script", inits.SCRIPT)]


def test_an_init_script_that_is_not_linked_is_removed():
    host = SYSVINIT._replace(files={inits.SCRIPT: "script\n"})
    assert shown(plan_for(host)[2]) == [("add_script", inits.SCRIPT)]
    assert shown(plan_for(host, state="absent")[2]) == [("remove_file", inits.SCRIPT)]


@pytest.mark.parametrize("host", [SYSVINIT, OPENRC])
def test_a_script_that_kills_is_all_that_is_changed_beside_an_init_script(host):
    text = after(host._replace(files={"/etc/init.d/halt.sh": ENDS + KILLS}))["/etc/init.d/halt.sh"]
    assert halt_script.HOOK not in text
    assert "\nfuser -m /home\n" in text


def test_busybox_has_its_halt_script_patched():
    seen, wanted, steps = plan_for(BUSYBOX)
    assert shown(steps) == [("write_file", RC)]
    assert f"{halt_script.HOOK}\numount -a -r\n" in steps[0].content
    assert halt_scripts.show(plan.simulate(seen, steps), wanted) == {"script": False, "patched": [RC]}


@pytest.mark.parametrize(
    "table, rc, made",
    [
        ("::shutdown:/bin/umount -a -r\n", ENDS, f"{halt_script.ADDED}\n{inittab.HOOK}\n::shutdown:/bin/umount -a -r\n"),
        ("::shutdown:swapoff -a\n", ENDS, f"::shutdown:swapoff -a\n{halt_script.ADDED}\n{inittab.HOOK}\n"),
        ("", ENDS, f"{halt_script.ADDED}\n{inittab.HOOK}\n"),
        (TABLE, "sync\n", f"{TABLE}{halt_script.ADDED}\n{inittab.HOOK}\n"),
        (f"{inittab.HOOK}\n::shutdown:/x\n", ENDS, f"{inittab.HOOK}\n::shutdown:/x\n"),
    ],
)
def test_busybox_has_its_table_patched(table, rc, made):
    assert after(BUSYBOX._replace(files={inittab.PATH: table, RC: rc}))[inittab.PATH] == made


@pytest.mark.parametrize(
    "host, message",
    [
        (FakeHost(), "/sbin/init: is not known to leave a root union cleanly: it is none of systemd, sysvinit, OpenRC and busybox."),
        (SYSVINIT._replace(small_files={}), "/etc/rc0.d: is not there, where this host links what ends it."),
        (
            BUSYBOX._replace(files={inittab.PATH: "# none\n::shutdown:/etc/rc.0 now\n"}),
            "/etc/inittab:2: runs /etc/rc.0, which is no known halt script. Add it to overlayroot_halt_scripts.",
        ),
        (BUSYBOX._replace(files={RC: ENDS}), "/etc/inittab: is not there, and busybox's init unmounts all by itself then."),
        (
            BUSYBOX._replace(links={**BUSYBOX.links, RC: "/etc/rc.d/rc.0"}),
            "/etc/rc.shutdown: is a link. Name /etc/rc.d/rc.0 instead in overlayroot_halt_scripts.",
        ),
        (BUSYBOX._replace(files={inittab.PATH: TABLE, RC: "f() {\numount -a\n}\nf\n"}), "/etc/rc.shutdown:2: ends a file system"),
    ],
)
def test_refused(host, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host)
    assert message in str(caught.value)


def test_a_host_that_could_not_be_provisioned_can_be_unprovisioned():
    assert plan_for(FakeHost(), state="absent")[2] == ()


def test_a_protected_host_is_compared_with_its_base():
    files = {layout.BASE + path: text for path, text in after(BUSYBOX).items()}
    assert plan_for(BUSYBOX._replace(mounts=PROTECTED, files=files))[2] == ()
    seen, _wanted, steps = plan_for(BUSYBOX._replace(mounts=PROTECTED, files=files), state="absent")
    with pytest.raises(OverlayrootError, match="would have to change: /run/initramfs/overlayroot/base/etc/rc.shutdown"):
        halt_scripts.check_apply(seen, steps)


@st.composite
def hosts(draw):
    """Under each init system, with what an earlier run may have left."""
    host = draw(st.sampled_from([SYSTEMD, SYSVINIT, OPENRC, BUSYBOX]))
    top = layout.BASE if draw(st.booleans()) else ""
    made = after(BUSYBOX._replace(files={inittab.PATH: TABLE, RC: ENDS + KILLS}))
    choices = {
        inits.SCRIPT: ["script\n", "older\n"],
        inittab.PATH: [TABLE, "::shutdown:umount -a\n", f"::shutdown:umount -a\n{halt_script.ADDED}\n{inittab.HOOK}\n"],
        RC: [ENDS, "sync\n", ENDS + KILLS, made[RC]],
        "/etc/init.d/halt.sh": [KILLS],
    }
    files = {path: draw(st.sampled_from([None, *choice])) for path, choice in choices.items()}
    files[inittab.PATH] = files[inittab.PATH] or TABLE
    files[RC] = files[RC] or ENDS
    links = {"K03overlayroot": None} if draw(st.booleans()) else {}
    return host._replace(
        mounts=PROTECTED if top else (ROOT,),
        files={top + path: text for path, text in files.items() if text is not None},
        small_files={top + path: {**names, **links} for path, names in host.small_files.items()},
    )


@given(hosts(), st.sampled_from(["present", "absent"]))
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(host, state):
    seen, wanted, steps = plan_for(host, state=state)
    event(f"{state}, {'changes' if steps else 'nothing to do'}")
    assert halt_scripts.plan(plan.simulate(seen, steps), wanted) == ()
    plan.check(steps, halt_scripts.asked(wanted))


@given(hosts(), st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_a_run_that_stops_is_undone(host, data):
    seen, _wanted, steps = plan_for(host)
    done = steps[: data.draw(st.integers(0, len(steps)))]
    back = plan.simulate(plan.simulate(seen, done), plan.undo(seen, done))
    assert {path: file and file.content for path, file in back.files.items()} == {
        path: file and file.content for path, file in seen.files.items()
    }
