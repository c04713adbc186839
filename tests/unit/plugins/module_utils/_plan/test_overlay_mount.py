# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import plan
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.options import OPTIONS
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import overlay_mount
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, FakeHost, mount
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

PARAMS = {
    "path": "/m",
    "backend": "overlay",
    "lower": ["/l"],
    "upper": "/rw/upper",
    "work": "/rw/work",
    "permissions": {},
    "options": {},
    "create": False,
    "state": "mounted",
    "fstab": False,
}
HOST = FakeHost(folders=("/m", "/l", "/k", "/rw/upper", "/rw/work"))
LAYERS = "lowerdir=/l,upperdir=/rw/upper,workdir=/rw/work"
STATED = "index=off,metacopy=off,nfs_export=off,redirect_dir=on,xino=auto"
ENTRY = f"overlay /m overlay {LAYERS},{STATED} 0 0"


def with_union(options=LAYERS + ",redirect_dir=on", path="/m", host=HOST):
    return host._replace(mounts=(*host.mounts, mount(len(host.mounts) + 1, 1, path, "overlay", options, "0:50")))


def plan_for(host, **params):
    wanted = overlay_mount.wanted({**PARAMS, **params})
    seen = host.see(overlay_mount.sight(wanted))
    return seen, wanted, overlay_mount.plan(seen, wanted)


def steps_for(host, **params):
    steps = plan_for(host, **params)[2]
    return [(step.show()["step"], step.show()["path"]) for step in steps]


def test_mounted():
    _seen, _wanted, (step,) = plan_for(HOST)
    assert step.union.mount_options() == f"{LAYERS},{STATED}"


def test_mounted_with_what_is_missing():
    host = HOST._replace(folders=("/l", "/rw"))
    assert steps_for(host, create=True, upper="/rw/a/upper", work="/rw/a/work") == [
        ("make_dir", "/m"),
        ("make_dir", "/rw/a"),
        ("make_dir", "/rw/a/upper"),
        ("make_dir", "/rw/a/work"),
        ("mount", "/m"),
    ]


def test_a_new_upper_has_the_attributes_of_the_lower():
    wanted = overlay_mount.wanted({**PARAMS, "create": True})
    seen = HOST._replace(folders=("/m", "/l", "/rw/work")).see(overlay_mount.sight(wanted))
    seen.paths["/l"] = seen.paths["/l"]._replace(mode=0o1777, uid=4, gid=5)
    make, _mount = overlay_mount.plan(seen, wanted)
    assert make == ("/rw/upper", 0o1777, 4, 5)


@pytest.mark.parametrize("missing", ["/m", "/rw/upper", "/rw/work"])
def test_what_is_missing_is_not_made_unasked(missing):
    host = HOST._replace(folders=tuple(set(HOST.folders) - {missing}))
    with pytest.raises(OverlayrootError, match=f"{missing} does not exist. Make it, or state create=true"):
        plan_for(host)


def test_what_is_in_the_way():
    with pytest.raises(OverlayrootError, match="upper /f/upper: /f is no folder"):
        plan_for(HOST._replace(plain_files=("/f",)), upper="/f/upper", create=True)


def test_links_are_followed():
    host = HOST._replace(links={"/link": "/rw"})
    assert steps_for(with_union(host=host), upper="/link/upper", work="/link/work") == []
    _seen, _wanted, (step,) = plan_for(host, upper="/link/upper", work="/link/work")
    assert (step.union.upper, step.union.work) == ("/rw/upper", "/rw/work")


@pytest.mark.parametrize(
    "options",
    [
        LAYERS + ",redirect_dir=on",
        LAYERS + ",redirect_dir=on,uuid=on,xino=on",
        LAYERS.replace("/rw/", "/bind/") + ",redirect_dir=on",
    ],
)
def test_adopted(options):
    bind = mount(2, 1, "/bind", device=ROOT.device, root="/rw")
    assert steps_for(with_union(options, host=HOST._replace(mounts=(ROOT, bind)))) == []


def test_adopted_over_its_own_lower():
    host = with_union(LAYERS + ",redirect_dir=on", path="/l")
    assert steps_for(host, path="/l") == []


@pytest.mark.parametrize(
    "mounted, params, difference",
    [
        (LAYERS, {}, "redirect_dir is follow, not on"),
        (LAYERS + ",redirect_dir=on", {"lower": ["/k", "/l"]}, "lower is /l, not /k:/l"),
        (LAYERS + ",redirect_dir=on", {"lower": ["/k"]}, "lower is /l, not /k"),
        (LAYERS + ",redirect_dir=on", {"upper": "/k"}, "upper is /rw/upper, not /k"),
        (LAYERS + ",redirect_dir=on", {"upper": None, "work": None}, "upper is /rw/upper, not none"),
        ("lowerdir=/l:/k,redirect_dir=on", {"lower": ["/l", "/k"]}, "upper is none, not /rw/upper"),
        (LAYERS + ",redirect_dir=on", {"options": {"index": True}}, "index is off, not on"),
        (LAYERS + ",redirect_dir=on,volatile", {}, "volatile is True, not none"),
        ("lowerdir=l,upperdir=rw/upper,workdir=rw/work,redirect_dir=on", {}, "lower is l, not /l"),
    ],
)
def test_what_is_mounted_cannot_be_changed(mounted, params, difference):
    with pytest.raises(OverlayrootError, match=r"path /m: a union is mounted there that differs.*state=unmounted") as caught:
        plan_for(with_union(mounted), **params)
    assert difference in str(caught.value)


def test_the_upper_was_unmounted_below_the_union():
    host = with_union()._replace(folders=("/m", "/l", "/rw"))
    with pytest.raises(OverlayrootError, match="the upper /rw/upper of the union .* is gone from its place"):
        plan_for(host, create=True)


def test_over_something_else_that_is_mounted():
    host = HOST._replace(mounts=(ROOT, mount(2, 1, "/m", fstype="tmpfs")))
    assert steps_for(host) == [("mount", "/m")]


@pytest.mark.parametrize("state", ["mounted", "unmounted"])
def test_not_over_the_root(state):
    with pytest.raises(OverlayrootError, match="path /: "):
        overlay_mount.wanted({**PARAMS, "path": "/", "state": state})


@pytest.mark.parametrize("name", ["path", "lower", "upper", "work"])
def test_relative_paths(name):
    bad = ["l"] if name == "lower" else "l"
    with pytest.raises(OverlayrootError, match="path l: is not an absolute path"):
        overlay_mount.wanted({**PARAMS, name: bad})


@pytest.mark.parametrize(
    "params, message",
    [
        ({"lower": None}, "a union to be mounted needs a lower"),
        ({"lower": []}, "a union to be mounted needs a lower"),
        ({"upper": None}, "upper and work go together"),
        ({"work": None}, "upper and work go together"),
    ],
)
def test_what_belongs_together(params, message):
    with pytest.raises(OverlayrootError, match=message):
        overlay_mount.wanted({**PARAMS, **params})


def test_unmounted():
    assert steps_for(with_union(), state="unmounted", lower=None) == [("unmount", "/m")]
    assert steps_for(HOST, state="unmounted", lower=None) == []
    assert steps_for(HOST, state="unmounted", path="/none", lower=None) == []


def test_unmounted_with_several_at_one_place():
    host = with_union()
    above = mount(3, 2, "/m", "overlay", "lowerdir=/k:/l", "0:51")
    host = host._replace(mounts=(*host.mounts, above))
    assert steps_for(host, state="unmounted") == [("unmount", "/m"), ("unmount", "/m")]


def test_unmounted_leaves_what_is_no_union():
    below = mount(2, 1, "/m", fstype="tmpfs")
    assert steps_for(HOST._replace(mounts=(ROOT, below)), state="unmounted") == []
    union = mount(3, 2, "/m", "overlay", LAYERS, "0:50")
    assert steps_for(HOST._replace(mounts=(ROOT, below, union)), state="unmounted") == [("unmount", "/m")]


def test_unmounted_with_something_mounted_within():
    host = with_union()
    host = host._replace(mounts=(*host.mounts, mount(3, 2, "/m/x"), mount(4, 3, "/m/x/y")))
    with pytest.raises(OverlayrootError, match="path /m: mounted within it: /m/x, /m/x/y"):
        plan_for(host, state="unmounted")


def test_fstab():
    host = HOST._replace(files={"/etc/fstab": "# x"})
    seen, wanted, steps = plan_for(host, fstab=True)
    assert [step.show()["step"] for step in steps] == ["mount", "write_file"]
    assert steps[1].content == f"# x\n{ENTRY}\n"
    assert overlay_mount.show(plan.simulate(seen, steps), wanted)["fstab"] == ENTRY


def test_fstab_of_an_adopted_union():
    host = with_union()
    assert steps_for(host, fstab=True) == [("write_file", "/etc/fstab")]
    assert steps_for(host._replace(files={"/etc/fstab": ENTRY + "\n"}), fstab=True) == []


def test_fstab_keeps_options_of_others():
    fstab = f"overlay /m overlay noauto,lowerdir=/a\\134,b,nofail,{STATED},x-systemd.requires=/rw 0 0\n"
    _seen, _wanted, (step,) = plan_for(with_union()._replace(files={"/etc/fstab": fstab}), fstab=True)
    assert step.content == ENTRY.replace(STATED, STATED + ",noauto,nofail,x-systemd.requires=/rw") + "\n"


def test_fstab_of_an_unmounted_union():
    host = with_union()._replace(files={"/etc/fstab": f"# x\n{ENTRY}\n"})
    _seen, _wanted, steps = plan_for(host, state="unmounted", fstab=True)
    assert [step.show()["step"] for step in steps] == ["unmount", "write_file"]
    assert steps[1].content == "# x\n"
    assert steps_for(host._replace(mounts=(ROOT,)), state="unmounted", fstab=False) == []


def test_a_fstab_with_errors_stops_everything():
    with pytest.raises(OverlayrootError, match="fstab line 2"):
        plan_for(HOST._replace(files={"/etc/fstab": "# x\nwrong\n"}), fstab=True)


@pytest.mark.parametrize("path", ['/a"b', "/a\\"])
def test_paths_that_mount_cannot_read_from_fstab(path):
    host = HOST._replace(folders=HOST.folders + (path,))
    assert steps_for(host, lower=[path]) == [("mount", "/m")]
    with pytest.raises(OverlayrootError, match="cannot read a quotation mark, or a backslash at the end"):
        plan_for(host, lower=[path], fstab=True)


@pytest.mark.parametrize(
    "host",
    [
        HOST._replace(mounts=(ROOT, mount(2, 1, "/etc/fstab"))),
        HOST._replace(links={"/etc/fstab": "/nix/fstab"}),
    ],
)
def test_a_fstab_that_cannot_be_replaced(host):
    with pytest.raises(OverlayrootError, match="/etc/fstab: is a link or a mount point"):
        plan_for(host, fstab=True)


@pytest.mark.parametrize(
    "params, message",
    [
        ({"options": {"index": "x"}}, "option index"),
        ({"options": {"verity": "on"}}, "option verity=on: needs metacopy=on"),
        ({"options": {"metacopy": "on", "redirect_dir": "follow"}}, "option metacopy=on: needs redirect_dir=on"),
        ({"options": {"volatile": True}, "upper": None, "work": None}, "option volatile: needs an upper"),
        ({"upper": None, "work": None}, "a union without an upper needs two lowers"),
        ({"lower": ["/none"]}, "lower /none: does not exist"),
        ({"upper": "/rw/work/u", "create": True}, "upper /rw/work/u: is, or lies within, the work /rw/work"),
    ],
)
def test_bad_input(params, message):
    with pytest.raises(OverlayrootError, match=message):
        plan_for(HOST, **params)


def test_an_old_kernel():
    with pytest.raises(OverlayrootError, match="option volatile: needs Linux 5.10, this is 4.19"):
        plan_for(HOST._replace(kernel=(4, 19)), options={"volatile": True})


def test_show_says_what_is_missing():
    wanted = overlay_mount.wanted({**PARAMS, "create": True})
    seen = HOST._replace(folders=("/l",)).see(overlay_mount.sight(wanted))
    assert overlay_mount.show(seen, wanted) == {
        "union": None,
        "fstab": None,
        "missing": ["/m", "/rw/upper", "/rw/work"],
    }


def test_check_mode_shows_what_the_kernel_will():
    """The kernel leaves out what is a default and adds uuid; what is shown must not depend on that."""
    seen, wanted, steps = plan_for(HOST)
    predicted = overlay_mount.show(plan.simulate(seen, steps), wanted)
    mounted = with_union(LAYERS + ",redirect_dir=on,uuid=on").see(overlay_mount.sight(wanted))
    assert overlay_mount.show(mounted, wanted) == predicted


# Hosts and wishes of which many clash: few paths, some of them odd, in several mounts.
ODD = "/t/o d,d:\\\n\udcff"
MOUNT_POINTS = ("/m", "/m/x", "/link/m", "/a", ODD)
LOWERS = ("/a", "/c", "/a/b", "/v/f", ODD + "l")
UPPERS = (("/t/u", "/t/w"), ("/link/u", "/t/w2"), ("/bind/u", "/bind/w"), ("/t/u", "/t/u/w"), ("/v/u", "/v/w"), (ODD, "/t/w"))
VALUES = st.just({}) | st.sampled_from(
    ({"index": "on"}, {"volatile": True}, {"metacopy": True}, {"userxattr": True}, {"uuid": "null"}, {"xino": "on"})
) | st.fixed_dictionaries({}, optional={name: st.sampled_from(list(OPTIONS[name].values)) for name in OPTIONS})
FOLDERS = st.sets(st.sampled_from([*MOUNT_POINTS, *LOWERS, *(path for pair in UPPERS for path in pair)]))
PARAMETERS = st.fixed_dictionaries({name: st.booleans() for name in ("index", "metacopy", "redirect_dir")})
KERNELS = st.sampled_from(((6, 12), (6, 12), (6, 1), (4, 18)))
FSTABS = st.sampled_from((None, "", "UUID=1 / ext4", f"# x\n{ENTRY}\n", f"overlay /a overlay {LAYERS},nofail 0 0\n", "bad\n"))


# Options and permissions of a lower, by the backend.
OTHERS = {
    "aufs": (({}, {"udba": "notify"}, {"xino": False}, {"dirperm1": True, "plink": False}), ("ro", "rr+wh", "ro+wh")),
    "unionfs_fuse": (({}, {"max_files": 5}, {"statfs_omit_ro": True}), ()),
}


@st.composite
def params_of_a_user(draw):
    upper, work = draw(st.just((None, None)) | st.sampled_from(UPPERS) | st.sampled_from(UPPERS))
    params = draw(params_of_any_backend(upper, work))
    backend = draw(st.sampled_from(("overlay", *OTHERS)))
    if backend == "overlay":
        return params
    options, permissions = OTHERS[backend]
    own = st.dictionaries(st.sampled_from(params["lower"]), st.sampled_from(permissions)) if permissions else st.just({})
    return {**params, "backend": backend, "work": None, "options": draw(st.sampled_from(options)), "permissions": draw(own)}


@st.composite
def params_of_any_backend(draw, upper, work):
    return {
        **PARAMS,
        "path": draw(st.sampled_from(MOUNT_POINTS)),
        "lower": draw(st.lists(st.sampled_from(LOWERS), min_size=1, max_size=3)),
        "upper": upper,
        "work": work,
        "options": draw(VALUES),
        "create": draw(st.sampled_from((True, True, False))),
        "state": draw(st.sampled_from(("mounted", "mounted", "unmounted"))),
        "fstab": draw(st.booleans()),
    }


@st.composite
def hosts(draw, params):
    mounts = [
        ROOT,
        mount(2, 1, "/t", fstype="tmpfs", device="0:20"),
        mount(3, 1, "/v", fstype=draw(st.sampled_from(("ext4", "vfat", "nfs")))),
        mount(4, 1, "/bind", device="0:20"),
    ]
    host = FakeHost(
        folders=tuple(draw(FOLDERS)) + tuple(params["lower"]),
        links={"/link": "/t"},
        files={key: value for key, value in {"/etc/fstab": draw(FSTABS)}.items() if value is not None},
        mounts=tuple(mounts),
        plain_files=("/usr/bin/unionfs",),
        filesystems=frozenset(("aufs", "ext4", "fuse", "overlay")),
        overlay=draw(PARAMETERS),
        kernel=draw(KERNELS),
    )
    if draw(st.booleans()):
        return host
    # A union from an earlier run, perhaps of this very wish.
    earlier = draw(st.just(params) | params_of_a_user() | st.builds(dict, st.just(params), lower=st.lists(st.sampled_from(LOWERS), min_size=1)))
    try:
        seen, _wanted, steps = plan_for(host, **{**earlier, "create": True, "state": "mounted", "fstab": False})
    except OverlayrootError:
        return host
    after = plan.simulate(seen, steps)
    made = tuple(info.real for info in after.paths.values() if info.kind == "directory")
    return host._replace(mounts=after.mounts, aufs=after.aufs, folders=host.folders + made)


@given(st.data())
@settings(
    derandomize=True,
    database=None,
    max_examples=600,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_nothing_is_left_to_do_and_all_can_be_undone(data):
    params = data.draw(params_of_a_user())
    host = data.draw(hosts(params))
    try:
        seen, wanted, steps = plan_for(host, **params)
    except OverlayrootError as error:
        event("refused: " + error.subject.split()[0])
        return
    event(f"{len(steps)} steps")
    after = plan.simulate(seen, steps)
    assert overlay_mount.plan(after, wanted) == ()
    assert overlay_mount.show(after, wanted) == overlay_mount.show(plan.simulate(after, ()), wanted)
    if wanted.state == "mounted":
        assert overlay_mount.show(after, wanted)["missing"] == []
    back = plan.simulate(after, plan.undo(seen, steps))
    assert overlay_mount.show(back, wanted) == overlay_mount.show(seen, wanted)
    assert not any(step.destroys for step in steps)
