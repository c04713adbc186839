# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, command, exit_root, initramfs, layout, plan, targets
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.unionfs_fuse import PROGRAM
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import root_union
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import (
    MIB,
    ROOT,
    FakeHost,
    mount,
)
from hypothesis import event, given, settings
from hypothesis import strategies as st

PARAMS = {
    "state": "present",
    "backend": "overlay",
    "backend_fallback": "",
    "persistence": "none",
    "data": "",
    "data_type": "",
    "data_options": "noatime",
    "keep_generations": 0,
    "keep_days": 0,
    "keep_size": "",
    "fold_seconds": 0,
    "targets": [],
    "ram_size": "50%",
    "ram_inodes": 0,
    "on_failure": "open",
    "options": {},
    "library": "library\n",
    "adapters": {
        "initramfs_tools": {"boot": "script\n", "build": "hook\n"},
        "dracut": {"boot": "dracut's script\n", "build": "dracut's module\n"},
        "busybox": {"boot": "script of busybox\n", "build": "first process\n"},
    },
    "halt_script": "halt\n",
    "command": base64.b64encode(b"\xffcommand").decode(),
    "manual": "manual\n",
    "completion": "completion\n",
}
ON_DISK = {"persistence": "upper", "data": "LABEL=data"}
TOOL = initramfs.INITRAMFS_TOOLS
FILES = (
    initramfs.LIBRARY,
    exit_root.HALT,
    targets.PATH,
    command.COMMAND,
    command.MANUAL,
    command.COMPLETION,
    TOOL.boot,
    TOOL.build,
)
PLAIN = frozenset(("init", "kernel/fs/ext4/ext4.ko"))
PROTECTED = (mount(1, 0, "/", "overlay", "lowerdir=/b,upperdir=/u,workdir=/w"), mount(2, 1, layout.BASE))
HOST = FakeHost(
    folders=("/usr/local/lib", layout.BASE + "/usr/local/lib"), plain_files=(TOOL.program,), initramfs={"6.1": PLAIN}
)
DEVICES = {"LABEL=data": "ext4", "LABEL=boot": "vfat", "/dev/vdb": "", "LABEL=gone": None}


def see(host, wanted):
    """As `_host/see.py`: the host's, with its devices."""
    sight = root_union.sight(wanted)
    return host.see(sight)._replace(devices={device: DEVICES[device] for device in sight.devices})


def plan_for(host, **params):
    wanted = root_union.wanted({**PARAMS, **params})
    seen = see(host, wanted)
    return seen, wanted, root_union.plan(seen, wanted)


def shown(steps):
    return [(step.show()["step"], step.show()["path"]) for step in steps]


def provisioned(host=HOST, **params):
    seen, _wanted, steps = plan_for(host, **params)
    return plan.simulate(seen, steps)


def conf(**params):
    """What the file holds that a plan writes."""
    return bootconf.parse(provisioned(**params).files[bootconf.PATH].content)


def test_a_host_is_provisioned():
    _seen, _wanted, steps = plan_for(HOST)
    assert shown(steps) == [
        ("make_dir", "/etc/overlayroot"),
        ("make_dir", "/etc/overlayroot/boot"),
        ("make_dir", "/usr/local/lib/overlayroot"),
        ("make_dir", "/usr/local/share/man/man8"),
        ("make_dir", "/usr/local/share/bash-completion"),
        ("make_dir", "/usr/local/share/bash-completion/completions"),
        *(("write_file", path) for path in FILES),
        ("write_file", bootconf.PATH),
        ("build_initramfs", "/boot/initrd.img-6.1"),
    ]


def test_what_is_run_can_be_run():
    modes = {step.path: step.mode for step in plan_for(HOST)[2] if step.show()["step"] == "write_file"}
    assert {path for path, mode in modes.items() if mode == 0o755} == {TOOL.boot, TOOL.build, exit_root.HALT, command.COMMAND}
    assert {modes[path] for path in (initramfs.LIBRARY, bootconf.PATH, command.MANUAL, command.COMPLETION)} == {0o644}


def test_the_command_is_written_byte_by_byte():
    content = provisioned().files[command.COMMAND].content
    assert content.encode("utf-8", "surrogateescape") == b"\xffcommand"


def test_other_unions_are_saved_by_a_host_that_keeps_sessions():
    web = {"name": "web", "upper": "/run/web", "store": None}
    found = provisioned(persistence="session", data="LABEL=data", targets=[web])
    assert found.files[targets.PATH].content == f"web /run/web {layout.DATA}/targets/web\n"
    with pytest.raises(OverlayrootError, match="^targets: are saved when a host goes down that keeps sessions"):
        plan_for(HOST, targets=[web])


@pytest.mark.parametrize("given", ["no base64!", "YQ", "\u00e9"])
def test_a_command_that_is_not_base64(given):
    with pytest.raises(OverlayrootError, match="option command: is not base64"):
        root_union.wanted({**PARAMS, "command": given})


def test_a_provisioned_host_is_shown():
    _seen, wanted, _steps = plan_for(HOST)
    state = root_union.show(provisioned(), wanted)
    assert state["protected"] is False
    assert state["conf"]["backend"] == "overlay"
    assert state["files"] == sorted(FILES)
    assert state["initramfs"] == {"6.1": True}


def test_a_host_that_is_not_provisioned_is_shown():
    seen, wanted, _steps = plan_for(HOST)
    assert root_union.show(seen, wanted) == {
        "protected": False,
        "conf": {},
        "files": [],
        "backends": {"6.1": "overlay"},
        "initramfs": {"6.1": False},
    }


def test_a_kernel_takes_the_fallback_where_it_has_no_other_backend():
    host = HOST._replace(
        folders=(*HOST.folders, "/run/systemd/system"), initramfs={"6.1": PLAIN, "6.2": PLAIN}, plain_files=(TOOL.program, PROGRAM)
    )
    params = {"backend": "aufs", "backend_fallback": "unionfs_fuse"}
    wanted = root_union.wanted({**PARAMS, **params})
    usable = {"6.1": frozenset(("aufs", "overlay")), "6.2": frozenset(("overlay", "unionfs_fuse"))}
    seen = see(host, wanted)._replace(backends=usable)
    after = plan.simulate(seen, root_union.plan(seen, wanted))
    assert root_union.plan(after, wanted) == ()
    assert root_union.show(after, wanted)["backends"] == {"6.1": "aufs", "6.2": "unionfs_fuse"}
    assert [initramfs.module_names(after.initramfs[release]) - {"ext4"} for release in ("6.1", "6.2")] == [
        {"aufs", "overlay"},
        {"fuse", "overlay"},
    ]
    assert [initramfs.has_program(after.initramfs[release], "@unionfs") for release in ("6.1", "6.2")] == [False, True]


def test_a_kernel_that_came_later():
    host = HOST._replace(initramfs={"6.1": PLAIN, "6.2": PLAIN})
    seen, wanted, _steps = plan_for(host)
    state = provisioned()._replace(initramfs={**provisioned().initramfs, "6.2": PLAIN}, backends=seen.backends)
    assert shown(root_union.plan(state, wanted)) == [("build_initramfs", "/boot/initrd.img-6.2")]


def test_a_host_with_dracut():
    """Its module has a folder of its own, which goes with it."""
    host = HOST._replace(plain_files=(initramfs.DRACUT.program,))
    seen, _wanted, steps = plan_for(host)
    state = plan.simulate(seen, steps)
    (folder,) = initramfs.DRACUT.folders
    assert ("make_dir", folder) in shown(steps)
    assert state.files[initramfs.DRACUT.build].content == "dracut's module\n"
    assert state.files[TOOL.build] is None
    assert ("remove_dir", folder) in shown(root_union.plan(state, root_union.wanted({**PARAMS, "state": "absent"})))


def test_a_host_with_busybox_alone():
    """Which must need no libraries."""
    host = HOST._replace(plain_files=(initramfs.OWN.program,))
    with pytest.raises(OverlayrootError, match="this host has nothing to make an initramfs of"):
        plan_for(host)
    steps = plan_for(host._replace(static=frozenset([initramfs.OWN.program])))[2]
    assert {("write_file", initramfs.OWN.boot), ("write_file", initramfs.OWN.build)} < set(shown(steps))


def test_a_host_that_went_over_to_dracut():
    """What was for the other tool goes, or would come back with it, out of date."""
    files = {path: file.content for path, file in provisioned().files.items() if file}
    host = HOST._replace(files=files, folders=(*HOST.folders, *root_union.FOLDERS), plain_files=(initramfs.DRACUT.program,))
    assert shown(plan_for(host)[2]) == [
        ("remove_file", TOOL.boot),
        ("remove_file", TOOL.build),
        ("make_dir", *initramfs.DRACUT.folders),
        ("write_file", initramfs.DRACUT.boot),
        ("write_file", initramfs.DRACUT.build),
        ("build_initramfs", "/boot/initrd.img-6.1"),
    ]


def test_another_setting_needs_no_new_initramfs():
    wanted = root_union.wanted({**PARAMS, "on_failure": "closed"})
    assert shown(root_union.plan(provisioned(), wanted)) == [("write_file", bootconf.PATH)]


def test_another_library_needs_new_initramfs():
    wanted = root_union.wanted({**PARAMS, "library": "newer\n"})
    assert shown(root_union.plan(provisioned(), wanted)) == [
        ("write_file", initramfs.LIBRARY),
        ("build_initramfs", "/boot/initrd.img-6.1"),
    ]


def test_the_configuration_in_ram():
    assert conf(ram_size="25%", ram_inodes=5, on_failure="closed", data_options="discard") == bootconf.BootConf(
        ram_size="25%",
        ram_inodes="5",
        on_failure="closed",
        options="index=off,metacopy=off,nfs_export=off,redirect_dir=on,xino=auto",
    )


def test_the_configuration_on_a_disk():
    found = conf(**ON_DISK, options={"metacopy": True, "volatile": False})
    assert (found.persistence, found.data, found.data_type, found.data_options) == (
        "upper",
        "LABEL=data",
        "ext4",
        "noatime",
    )
    assert "metacopy=on" in found.options.split(",")
    assert found.ram_inodes == ""


@pytest.mark.parametrize("data", ["LABEL=gone", "/dev/vdb"])
def test_a_data_file_system_that_is_made_later(data):
    assert conf(data=data, data_type="xfs").data_type == "xfs"


def test_a_protected_host_is_compared_with_its_base():
    below = {layout.BASE + path: file.content for path, file in provisioned().files.items() if file}
    image = provisioned().initramfs["6.1"]
    host = HOST._replace(
        mounts=PROTECTED,
        files=below,
        folders=(*HOST.folders, *(layout.BASE + path for path in root_union.FOLDERS)),
        initramfs={"6.1": image},
    )
    seen, wanted, steps = plan_for(host)
    assert steps == ()
    root_union.check_apply(seen, steps)
    assert root_union.show(seen, wanted)["protected"] is True


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_protected_host_that_would_have_to_change(state):
    image = initramfs.with_union(PLAIN, "older\n", ("overlay",), TOOL)
    host = HOST._replace(mounts=PROTECTED, files={layout.BASE + bootconf.PATH: "older"}, initramfs={"6.1": image})
    seen, _wanted, steps = plan_for(host, state=state)
    with pytest.raises(OverlayrootError) as caught:
        root_union.check_apply(seen, steps)
    assert "/boot/initrd.img-6.1, " in str(caught.value)
    assert layout.BASE + bootconf.PATH in str(caught.value)
    assert "Boot it without the union first" in str(caught.value)


@pytest.mark.parametrize(
    "host, params, message",
    [
        (
            HOST._replace(plain_files=()),
            {},
            "/boot: this host has nothing to make an initramfs of. Install initramfs-tools, dracut or a static busybox.",
        ),
        (
            HOST._replace(initramfs={}),
            {},
            "/boot: no kernel has an initramfs. Have initramfs-tools make them.",
        ),
        *(
            (
                HOST._replace(plain_files=(TOOL.program, path)),
                {},
                "%s: makes the root a union too (%s), and both cannot. apt-get purge %s." % (package, path, package),
            )
            for path, package in initramfs.RIVALS.items()
        ),
        (
            HOST._replace(filesystems=frozenset(["ext4"])),
            {},
            "backend overlay: the kernel 6.1 does not have it. Remove that kernel, or install what it lacks.",
        ),
        (
            HOST,
            {"backend": "aufs", "backend_fallback": "unionfs_fuse"},
            "backend aufs or unionfs_fuse: the kernel 6.1 does not have it, or unionfs-fuse is not installed."
            " Set overlayroot_backend_fallback to one that it has: overlay.",
        ),
        (
            HOST._replace(links={**HOST.links, "/sbin/init": "/bin/busybox"}),
            {"backend_fallback": "unionfs_fuse"},
            "backend unionfs_fuse: serves the root by a program, and busybox's init ends all programs while it still needs the root."
            " Use another backend, or another init system.",
        ),
        (
            HOST,
            {"backend_fallback": "unionfs_fuse"},
            "/sbin/init: is not known to leave a root union cleanly: it is none of systemd, sysvinit, OpenRC and busybox.",
        ),
        (
            HOST,
            {"persistence": "upper"},
            "persistence upper: there is no data file system to hold the upper. Set overlayroot_data.",
        ),
        (
            HOST,
            {"data": "LABEL=gone"},
            "data LABEL=gone: no such device on this host. Correct overlayroot_data.",
        ),
        (
            HOST,
            {"data": "LABEL=boot"},
            "data LABEL=boot: holds vfat, which cannot hold an upper. Use one of ext4, ext3, ext2, xfs, btrfs, f2fs;"
            " the role disks makes it on an empty device.",
        ),
        (
            HOST,
            {"data": "LABEL=boot", "data_type": "ext4"},
            "data LABEL=boot: holds vfat, which cannot hold an upper.",
        ),
        (
            HOST,
            {"data": "/dev/vdb"},
            "data /dev/vdb: holds no file system, which cannot hold an upper.",
        ),
        (
            HOST,
            {"ram_size": "half"},
            "ram_size half: is not a size. Use a percentage (50%), or bytes with k, m or g (512m).",
        ),
        (
            HOST._replace(memory=512 * MIB),
            {"ram_size": "513m"},
            "ram_size 513m: is more than the host's memory of 512 MiB. Choose a smaller size, or keep the upper on a disk",
        ),
        (
            HOST._replace(kernel=(5, 10)),
            {"options": {"uuid": "off"}},
            "option uuid=off: needs Linux 5.11, this is 5.10. Leave it out or use a newer kernel.",
        ),
        (
            HOST,
            {"options": {"nfs_export": True}},
            "option nfs_export=on: needs index=on. State both or leave it out.",
        ),
        (
            HOST,
            {**ON_DISK, "options": {"volatile": True}},
            "option volatile: the kernel refuses an upper that was once volatile. Leave it out or use persistence none.",
        ),
    ],
)
def test_refused(host, params, message):
    with pytest.raises(OverlayrootError) as caught:
        plan_for(host, **params)
    assert message in str(caught.value)


def test_an_option_that_overlayfs_does_not_have():
    with pytest.raises(OverlayrootError, match="option indx: overlayfs options do not include it. Use some of index"):
        root_union.wanted({**PARAMS, "options": {"indx": True}})


def test_a_host_that_could_not_be_provisioned_can_be_unprovisioned():
    bare = FakeHost(filesystems=frozenset())
    assert plan_for(bare, state="absent", data="LABEL=gone", ram_size="?")[2] == ()


def test_everything_goes():
    seen = provisioned(**ON_DISK)
    wanted = root_union.wanted({**PARAMS, "state": "absent"})
    steps = root_union.plan(seen, wanted)
    assert shown(steps) == [
        *(("remove_file", path) for path in FILES),
        ("remove_file", bootconf.PATH),
        ("restore_initramfs", "/boot/initrd.img-6.1"),
        ("remove_dir", "/usr/local/share/bash-completion/completions"),
        ("remove_dir", "/usr/local/share/bash-completion"),
        ("remove_dir", "/usr/local/share/man/man8"),
        ("remove_dir", "/usr/local/lib/overlayroot"),
        ("remove_dir", "/etc/overlayroot/boot"),
        ("remove_dir", "/etc/overlayroot"),
    ]
    plan.check(steps, root_union.asked(wanted))


def test_what_others_wrote_stays():
    """The role fstab in the folder of the configuration, others in those for everyone."""
    host = HOST._replace(
        folders=(*HOST.folders, *root_union.FOLDERS),
        files={root_union.NEXT: "reset\n", command.MANUAL: "manual\n", command.COMPLETION: "completion\n"},
        small_files={
            layout.CONFIG: {"boot": None, "mounts": ""},
            layout.CONFIG + "/boot": {"next": "reset\n"},
            "/usr/local/share/man/man8": {"overlayrootctl.8": "manual\n", "another.8": None},
            "/usr/local/share/bash-completion": {"completions": None, "another": None},
            "/usr/local/share/bash-completion/completions": {"overlayrootctl": "completion\n"},
        },
    )
    _seen, _wanted, steps = plan_for(host, state="absent")
    assert shown(steps) == [
        ("remove_file", command.MANUAL),
        ("remove_file", command.COMPLETION),
        ("remove_file", root_union.NEXT),
        ("remove_dir", "/usr/local/share/bash-completion/completions"),
        ("remove_dir", "/usr/local/lib/overlayroot"),
        ("remove_dir", "/etc/overlayroot/boot"),
    ]


IMAGES = (
    PLAIN,
    frozenset(),
    initramfs.with_union(PLAIN, PARAMS["library"], ("overlay",), TOOL),
    initramfs.with_union(PLAIN, PARAMS["library"], ("overlay", "ext4"), initramfs.DRACUT),
    initramfs.with_union(PLAIN, "older\n", ("overlay",), TOOL),
    PLAIN | {TOOL.in_image},
)


@st.composite
def hosts(draw):
    """Provisioned or not, in part, or by an older release; protected or not; before and after an upgrade."""
    protected = draw(st.booleans())
    top = layout.BASE if protected else ""
    contents = {
        initramfs.LIBRARY: [PARAMS["library"], "older\n"],
        TOOL.boot: ["script\n", "older\n"],
        TOOL.build: ["hook\n", ""],
        initramfs.DRACUT.build: ["dracut's module\n", "older\n"],
        command.COMMAND: ["\udcffcommand", "older"],
        command.MANUAL: [PARAMS["manual"], "older\n"],
        bootconf.PATH: [conf().text, conf(**ON_DISK).text, "", "data=/dev/sda1\nunknown\n"],
        root_union.NEXT: ["", "mode=off\n"],
    }
    files = {top + path: draw(st.sampled_from([None, *choice])) for path, choice in contents.items()}
    files = {path: content for path, content in files.items() if content is not None}
    names = [path for path in contents if top + path in files and path != root_union.NEXT]
    neighbours = {"mounts": ""} if draw(st.booleans()) else {}
    folders = {path.rpartition("/")[0] for path in files}
    return HOST._replace(
        mounts=PROTECTED if protected else (ROOT,),
        files=files,
        small_files={top + layout.CONFIG: {**{path.rpartition("/")[2]: "" for path in names}, **neighbours}},
        folders=(*HOST.folders, *folders, *draw(st.sets(st.sampled_from([top + path for path in root_union.ALL_FOLDERS])))),
        static=frozenset([initramfs.OWN.program]),
        plain_files=tuple(draw(st.sets(st.sampled_from([tool.program for tool in initramfs.TOOLS]), min_size=1))),
        initramfs=draw(st.dictionaries(st.sampled_from(["5.10", "6.1", "6.12"]), st.sampled_from(IMAGES), min_size=1)),
    )


DESIRES = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["present", "absent"]),
        "on_failure": st.sampled_from(["open", "closed"]),
        "options": st.sampled_from([{}, {"metacopy": True}]),
        "ram_size": st.sampled_from(["50%", "100m"]),
    },
    optional={"data": st.sampled_from(["", "LABEL=data"])},
)


@given(hosts(), DESIRES)
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(host, params):
    seen, wanted, steps = plan_for(host, **params)
    event("changes" if steps else "nothing to do")
    event(params["state"])
    after = plan.simulate(seen, steps)
    assert root_union.plan(after, wanted) == ()
    assert {release: initramfs.starts_union(image) for release, image in after.initramfs.items()} == dict.fromkeys(
        host.initramfs, params["state"] == "present"
    )


@given(hosts(), DESIRES, st.data())
@settings(derandomize=True, database=None, deadline=None)
def test_a_run_that_stops_is_undone(host, params, data):
    """After any number of steps: files and folders are as before, and so is which kernel starts the union."""
    seen, _wanted, steps = plan_for(host, **params)
    done = steps[: data.draw(st.integers(0, len(steps)))]
    back = plan.simulate(plan.simulate(seen, done), plan.undo(seen, done))
    assert back.files == seen.files
    assert {path: info.kind for path, info in back.paths.items()} == {
        path: info.kind for path, info in seen.paths.items()
    }
    ready = any(seen.files[layout.base(seen, tool.build)] for tool in initramfs.TOOLS)
    whole = ready and all(seen.files[layout.base(seen, path)] for path in (initramfs.LIBRARY, bootconf.PATH))
    for release, image in seen.initramfs.items():
        # An image with the union and files without it is a host that was broken before.
        if whole or not initramfs.starts_union(image):
            assert initramfs.starts_union(back.initramfs[release]) == initramfs.starts_union(image)


@given(DESIRES)
@settings(derandomize=True, database=None, deadline=None)
def test_a_provisioned_host_that_fails_to_change_is_provisioned_as_before(params):
    seen = provisioned(**ON_DISK)._replace(devices=DEVICES)
    wanted = root_union.wanted({**PARAMS, **params, "library": "newer\n"})
    steps = root_union.plan(seen, wanted)
    back = plan.simulate(plan.simulate(seen, steps), plan.undo(seen, steps))
    assert (back.files, back.initramfs) == (seen.files, seen.initramfs)
