# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout, plan, policy
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import mount_policies
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount
from hypothesis import event, given, settings
from hypothesis import strategies as st

FSTAB = """\
LABEL=root / ext4 defaults 0 1
LABEL=usr /usr ext4 defaults 0 2
LABEL=home /home ext4 defaults 0 2
LABEL=ESP /boot/efi vfat umask=0077 0 1
"""
DEFAULT = "union - / 0:0 755 -\nro boot=2Fefi /boot/efi 0:0 755 -\nunion usr /usr 0:0 755 -\n"
PROTECTED = (mount(1, 0, "/", "overlay", "lowerdir=/b,upperdir=/u,workdir=/w"), mount(2, 1, layout.BASE))
HOST = FakeHost(folders=("/usr", "/home", "/boot/efi"), files={"/etc/fstab": FSTAB})


def protected(**files):
    """A host in its union: what it sees as fstab is not what its base has."""
    below = {layout.BASE + "/etc/fstab": FSTAB, **files}
    return HOST._replace(mounts=PROTECTED, files={"/etc/fstab": "", **below})


def plan_for(host, mounts=(), state="present", data=""):
    wanted = mount_policies.wanted({"state": state, "mounts": list(mounts), "data": data})
    seen = host.see(mount_policies.sight(wanted))
    return seen, wanted, mount_policies.plan(seen, wanted)


def text(host, mounts=(), data=""):
    return plan_for(host, mounts, data=data)[2][-1].content


def with_file(content, host=HOST):
    return host._replace(folders=(*host.folders, layout.CONFIG), files={**host.files, policy.PATH: content})


def test_the_default():
    _seen, _wanted, steps = plan_for(HOST)
    assert [step.show() for step in steps] == [
        {"step": "make_dir", "path": "/etc/overlayroot", "mode": "0755"},
        {"step": "write_file", "path": "/etc/overlayroot/mounts"},
    ]
    assert steps[-1].content == DEFAULT


def test_a_host_without_fstab():
    assert text(HOST._replace(files={})) == "union - / 0:0 755 -\n"


def test_the_owner_and_mode_are_those_of_the_folder():
    wanted = mount_policies.wanted({"state": "present", "mounts": [{"path": "/home", "policy": "union"}], "data": ""})
    seen = HOST.see(mount_policies.sight(wanted))
    seen.paths["/home"] = seen.paths["/home"]._replace(mode=0o2775, uid=4, gid=5)
    assert "union home /home 4:5 2775 -\n" in mount_policies.plan(seen, wanted)[-1].content


def test_the_owner_and_mode_stay_once_they_are_written():
    line = "union home /home 7:8 700 -\n"
    host = with_file(DEFAULT + line)
    assert line in text(host, [{"path": "/home", "policy": "union"}])


@pytest.mark.parametrize("old", ["union home /home 7:8\n", "tmpfs home /home 7:8 700 -\n", "union home /homes 7:8 700 -\n"])
def test_other_lines_give_no_owner_and_mode(old):
    assert "union home /home 0:0 755 -\n" in text(with_file(old), [{"path": "/home", "policy": "union"}])


def test_a_folder_that_is_not_there():
    assert "tmpfs scratch /scratch 0:0 755 size=1m\n" in text(
        HOST, [{"path": "/scratch", "policy": "tmpfs", "options": "size=1m"}]
    )


def test_paths_are_cleaned_and_may_have_any_byte():
    name = "/a b\\xff\u2028c"
    written = text(HOST, [{"path": "/%s/" % name, "policy": "tmpfs"}])
    assert "tmpfs a=20b=FF=E2=80=A8c /a\\040b\udcff\u2028c 0:0 755 -\n" in written
    host = with_file(written.replace("755", "1777"))
    seen, wanted, steps = plan_for(host, [{"path": name, "policy": "tmpfs"}])
    assert steps == ()
    assert len(mount_policies.show(seen, wanted)["policies"]) == 4


def test_nothing_to_do():
    assert plan_for(with_file(DEFAULT))[2] == ()


def test_shown():
    seen, wanted, steps = plan_for(HOST)
    assert mount_policies.show(seen, wanted) == {"policies": []}
    assert mount_policies.show(plan.simulate(seen, steps), wanted) == {"policies": DEFAULT.splitlines()}


def test_a_protected_host_is_compared_with_its_base():
    host = protected(**{layout.BASE + policy.PATH: DEFAULT})._replace(folders=(layout.BASE + layout.CONFIG,))
    seen, _wanted, steps = plan_for(host)
    assert steps == ()
    mount_policies.check_apply(seen, steps)


def test_a_protected_host_that_would_have_to_change():
    seen, _wanted, steps = plan_for(protected())
    with pytest.raises(OverlayrootError) as caught:
        mount_policies.check_apply(seen, steps)
    assert str(caught.value) == (
        "the root union: this host runs protected, and files of its base would have to change: "
        "%s/etc/overlayroot, %s/etc/overlayroot/mounts. Boot it without the union first: the role provision does that "
        "by itself, the playbook maintain for you." % (layout.BASE, layout.BASE)
    )


@pytest.mark.parametrize("mounts", [["/home", "/home"], ["/home", "//home/"]])
def test_two_policies_for_one_path(mounts):
    with pytest.raises(OverlayrootError, match="^mounts: /home has two policies. Leave one.$"):
        plan_for(HOST, [{"path": path, "policy": "skip"} for path in mounts])


@pytest.mark.parametrize("path", ["home", "/home/../srv"])
def test_a_path_that_is_not_whole(path):
    with pytest.raises(OverlayrootError, match="is not an absolute path without .."):
        plan_for(HOST, [{"path": path, "policy": "tmpfs"}])


@pytest.mark.parametrize(
    "line, problem",
    [
        ("LABEL=home /home", "2 of the fields source, mount point and type"),
        ("LABEL=home /home ext4 defaults 0 last", "the field check is 'last', not a number"),
        ("LABEL=home /home ext4 default s 0 2", "the field dump is 's', not a number"),
    ],
)
def test_an_fstab_with_errors(line, problem):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(HOST._replace(files={"/etc/fstab": "# fine\n" + line}))
    assert str(caught.value) == "fstab line 2: %s. Correct or comment out the line." % problem


def test_everything_goes():
    host = with_file(DEFAULT)._replace(small_files={layout.CONFIG: {"mounts": ""}})
    _seen, wanted, steps = plan_for(host, state="absent")
    assert [step.show()["path"] for step in steps] == [policy.PATH, layout.CONFIG]
    plan.check(steps, mount_policies.asked(wanted))


def test_what_another_role_wrote_stays():
    host = with_file(DEFAULT)._replace(small_files={layout.CONFIG: {"mounts": "", "boot.conf": ""}})
    assert [step.show()["path"] for step in plan_for(host, state="absent")[2]] == [policy.PATH]


def test_an_fstab_with_errors_is_no_reason_to_keep_the_policies():
    host = with_file(DEFAULT)._replace(files={policy.PATH: "", "/etc/fstab": "error"})
    assert plan_for(host, state="absent")[2]


@st.composite
def hosts(draw):
    is_protected = draw(st.booleans())
    top = layout.BASE if is_protected else ""
    fstab = draw(st.lists(st.sampled_from(FSTAB.splitlines(keepends=True)), unique=True).map("".join))
    mounts = draw(st.sampled_from([None, "", DEFAULT, "union home /home 7:8 700 -\nbroken\n", "-"]))
    names = draw(st.sets(st.sampled_from(["boot", "boot.conf"]))) | (set() if mounts is None else {"mounts"})
    return HOST._replace(
        mounts=PROTECTED if is_protected else (ROOT,),
        files={top + "/etc/fstab": fstab, **({} if mounts is None else {top + policy.PATH: mounts})},
        folders=(*HOST.folders, *([top + layout.CONFIG] if names or draw(st.booleans()) else [])),
        small_files={top + layout.CONFIG: dict.fromkeys(names, "")},
    )


@given(
    hosts(),
    st.sampled_from(["present", "absent"]),
    st.dictionaries(st.sampled_from(["/home", "/var/log", "/a b"]), st.sampled_from(["tmpfs", "bind", "skip"])),
)
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(host, state, policies):
    mounts = [{"path": path, "policy": chosen} for path, chosen in policies.items()]
    seen, wanted, steps = plan_for(host, mounts, state, data="LABEL=data")
    event("changes" if steps else "nothing to do")
    after = plan.simulate(seen, steps)
    assert mount_policies.plan(after, wanted) == ()
    assert (after.files[layout.base(seen, policy.PATH)] is not None) == (state == "present")
    back = plan.simulate(after, plan.undo(seen, steps))
    assert back.files == seen.files
    assert {path: info.kind for path, info in back.paths.items()} == {
        path: info.kind for path, info in seen.paths.items()
    }
