# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command as it is installed: one file that Python runs, on a host whose root is a real union."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, layout, store
from ansible_collections.labs.overlayroot.plugins.plugin_utils._archive import archive
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import call, scratch
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.sessions import ACL

COMMAND = "/run/overlayrootctl"
RECORD = "protected=yes\nreason=\nbackend=overlay\npersistence=none\ngeneration=0\nlayers=0\non_failure=open\n"
NOBODY = 65534

_BIND = 4096
_RECURSIVE = 16384
_DETACH = 2
_READ_ONLY = 1
_REMOUNT = 32


class Host:
    """A root below `top`, for commands that are run in it."""

    def __init__(self, top):
        self.top = top

    def write(self, path, content):
        os.makedirs(os.path.dirname(self.top + path), exist_ok=True)
        with open(self.top + path, "wb") as stream:
            stream.write(content if isinstance(content, bytes) else content.encode())

    def start(self, *arguments, user=0, **more):
        """By the Python that runs the tests; others than root may not reach that one."""

        def enter():
            os.chroot(self.top or "/")
            os.chdir("/")
            os.setresuid(user, user, user)

        argv = [COMMAND, *arguments] if user else [sys.executable, "-I", COMMAND, *arguments]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8", **more}
        return subprocess.Popen(argv, preexec_fn=enter, **streams)

    def run(self, *arguments, **more):
        """(exit code, standard output, standard error)"""
        with self.start(*arguments, **more) as process:
            output, errors = process.communicate()
        return process.returncode, output, errors

    def said(self, *arguments, **more):
        """The words on each line that a command prints that finds all well."""
        code, output, errors = self.run(*arguments, **more)
        assert (code, errors) == (0, "")
        return [line.split() for line in output.splitlines()]

    def returned(self, *arguments, **more):
        _code, output, _errors = self.run(*arguments, "--json", **more)
        return json.loads(output)


@contextlib.contextmanager
def over(path, fstype=b"tmpfs", options=b"mode=0755"):
    """A mount, which goes at once, whoever is still about to leave it."""
    os.makedirs(path, exist_ok=True)
    call("mount", fstype, os.fsencode(path), fstype, 0, options)
    try:
        yield
    finally:
        call("umount2", os.fsencode(path), _DETACH)


@contextlib.contextmanager
def bound(source, path, flags=_BIND):
    call("mount", os.fsencode(source), os.fsencode(path), None, flags, None)
    try:
        yield
    finally:
        call("umount2", os.fsencode(path), _DETACH)


def union(path, lower, above):
    """A union at `path`, whose upper and work folder are in the folder `above`."""
    for folder in ("upper", "work"):
        os.makedirs(f"{above}/{folder}", exist_ok=True)
    return over(path, b"overlay", os.fsencode(f"lowerdir={lower},upperdir={above}/upper,workdir={above}/work"))


@pytest.fixture(name="place")
def fixture_place():
    """An empty folder; /run is empty, too, but for the command."""
    with scratch() as folder, over("/run"):
        Host("").write(COMMAND, archive())
        os.chmod(COMMAND, 0o755)
        yield os.fsdecode(folder)


@pytest.fixture(name="plain")
def fixture_plain(place):
    """This machine as it is."""
    return Host("")


@pytest.fixture(name="booted")
def fixture_booted(place):
    """What the boot hook makes, over a base that has this machine's files: the upper of the root is in RAM,
    and nothing is in the store. There is a union at /srv/course, too."""
    with contextlib.ExitStack() as stack:
        enter = stack.enter_context
        root = f"{place}/root"
        base, course = Host(layout.BASE), Host("/run/course")
        try:
            enter(union(layout.BASE, "/", f"{place}/base"))
            base.write(bootconf.PATH, "backend=overlay\n")
            base.write("/etc/motd", "one\n")
            base.write("/etc/gone", "")
            enter(over(layout.DATA))
            enter(over(layout.RAM))
            enter(union(root, layout.BASE, layout.RAM))
            course.write("/lower/lesson", "1\n")
            enter(union(f"{root}/srv/course", "/run/course/lower", "/run/course"))
        except OSError as error:
            pytest.skip(f"needs to make unions over this machine's root: {error.strerror}")
        for folder in (*store.FOLDERS, store.TRASH):
            os.makedirs(folder, exist_ok=True)
        os.chmod("/run/initramfs", 0o700)
        Host("").write(layout.RECORD, RECORD)
        for folder in ("/proc", "/dev", "/sys"):
            enter(bound(folder, root + folder))
        enter(bound("/run", f"{root}/run", _BIND | _RECURSIVE))
        yield Host(root)


def steps(lines):
    """Of the lines of a command that changes the host, those that say what was done."""
    return [line for line in lines if line[0] in ("done:", "to")]


def test_a_host_that_is_not_provisioned(plain):
    assert plain.said("status")[0] == ["protected", "not", "provisioned"]
    assert plain.returned("status")["root"] is None


def test_a_host_that_is_protected(booted):
    lines = booted.said("status")
    assert lines[:4] == [["protected", "yes"], ["backend", "overlay"], ["persistence", "none"], ["generation", "0"]]
    uppers = {line[0]: line[-1] for line in lines[5:]}
    assert uppers["/"] == f"{layout.RAM}/upper"
    assert uppers["/srv/course"] == "/run/course/upper"
    shown = booted.returned("status")
    assert set(shown) == {"unions", "root", "initramfs", "store", "session"}
    assert shown["root"]["protected"] is True
    assert shown["store"] == {"generations": [], "current": 0, "layers": []}


def test_a_host_that_is_not_protected(booted):
    Host("").write(layout.RECORD, "protected=no\nreason=data file system LABEL=x not found\n")
    code, output, errors = booted.run("status")
    assert (code, errors) == (1, "")
    assert "protected  no\nreason     data file system LABEL=x not found\n" in output
    assert booted.run("status", "--json")[0] == 1


def test_the_status_for_everyone(booted):
    for_root, for_all = booted.returned("status"), booted.returned("status", user=NOBODY)
    assert for_all["root"] == for_root["root"]
    assert [union["path"] for union in for_all["unions"]] == [union["path"] for union in for_root["unions"]]
    assert for_all["store"] is None
    assert booted.said("status", user=NOBODY)[0] == ["protected", "yes"]


@pytest.mark.parametrize("command", [("generations",), ("diff",), ("save", "a"), ("check",)])
def test_what_needs_root(booted, command):
    code, output, errors = booted.run(*command, user=NOBODY)
    assert (code, output) == (3, "")
    assert errors.endswith("\noverlayrootctl: this was not run by root\n")


def test_what_has_changed(booted):
    booted.write("/etc/motd", "two\n")
    os.unlink(f"{booted.top}/etc/gone")
    assert [line for line in booted.said("diff") if line and line[0] in ("modified", "deleted")] == [
        ["deleted", "file", "/etc/gone", "-"],
        ["modified", "file", "/etc/motd", "mtime"],
    ]
    shown = booted.returned("diff", "--limit", "1")
    assert (len(shown["changes"]), shown["truncated"]) == (1, True)
    assert f"{shown['total']} changes: 1 added, 1 modified, 1 deleted, " in booted.run("diff")[1]


def test_a_text_that_has_changed(booted):
    booted.write("/etc/motd", "two\tcolumns\n")
    output = booted.run("diff", "--limit", "0", "--text", "/etc/motd", "--text", "/etc/gone")[1]
    assert "Only 0 are listed; --limit lists more.\n" in output
    assert output.endswith("-one\n+two\tcolumns\n\n/etc/gone: its text does not differ\n")


def test_what_was_saved_is_compared(booted):
    """Also of a file system of its own, and over that one's base."""
    Host("/run").write("/homes/a", "one\n")
    with union(f"{booted.top}/home", "/run/homes", f"{layout.RAM}/mounts/home"):
        booted.write("/etc/motd", "two\n")
        booted.write("/home/a", "two\n")
        booted.said("save", "first")
        booted.write("/etc/motd", "three\n")
        booted.write("/home/b", "")
        booted.said("save", "second")
        for asked in (("--layer", "first"), ("--generation", "1"), ("--generation", "1", "--since", "0")):
            assert saved_changes(booted, *asked) == {("modified", "/etc/motd"), ("modified", "/home/a")}
        assert saved_changes(booted, "--generation", "1", "--since", "2") == {("modified", "/etc/motd"), ("deleted", "/home/b")}
        shown = booted.returned("diff", "--generation", "2", "--since", "1", "--text", "/home/b", "--text", "/etc/motd", "--limit", "0")
    assert "-two\n+three\n" in shown["text"]["/etc/motd"]
    assert "+++ /etc/motd (generation 2)\n" in shown["text"]["/etc/motd"]
    assert shown["text"]["/home/b"] == ""
    assert (shown["changes"], shown["truncated"], shown["counts"]["added"]) == ([], True, 1)
    assert {"path": "/home", "counts": {"added": 1}} in shown["folders"]
    _root, home = shown["compared"]["file_systems"]
    assert home == {"path": "/home", "new": [f"{store.LAYERS}/second/home", "/run/homes"], "old": [f"{store.LAYERS}/first/home", "/run/homes"]}


def saved_changes(host, *asked):
    """But for the mount points that the fixture has made, and what is only the time of a folder."""
    changes = host.returned("diff", *asked)["changes"]
    return {(change["kind"], change["path"]) for change in changes if change["kind"] != "attributes"} - {("added", "/srv/course")}


def test_what_cannot_be_compared(booted, place):
    booted.said("save", "a")
    Host(store.GENERATIONS).write("/2", "gone\n")
    Host(store.LAYERS).write("/alone/file", "")
    for asked, said in {
        ("--generation", "3"): "generation 3: the store does not have it. Use one of 0, 1, 2.",
        ("--generation", "2"): "generation 2: is damaged: layer gone cannot be read. Use another generation.",
        ("--generation", "1", "--since", "4"): "generation 4: the store does not have it. Use one of 0, 1, 2.",
        ("--generation", "0"): "generation 0: has no layer that anything is below. Name another one, or give since.",
        ("--since", "1"): "since 1: is what a generation is compared with. Give generation, too.",
        ("--layer", "b"): "layer b: the store does not have it. Use one of a, alone.",
        ("--layer", "gone"): "layer gone: the store does not have it. Use one of a, alone.",
        ("--layer", "alone"): "layer alone: is in no generation, so nothing says what it was written over. Give upper and lower.",
    }.items():
        assert booted.run("diff", *asked) == (3, "", f"overlayrootctl: {said}\n")
    code, _output, errors = Host("").run("diff", "--generation", "1")
    assert (code, errors) == (3, "overlayrootctl: the base: is not mounted. Boot the host into its union.\n")
    assert booted.run("diff", "--generation", "1", "/")[0] == 2


def test_there_is_no_store(plain):
    code, _output, errors = plain.run("diff", "--layer", "a")
    assert (code, errors.startswith("overlayrootctl: the store: no data file system is mounted.")) == (3, True)


def test_names_that_a_terminal_would_obey_and_that_are_no_text(booted):
    booted.write("/srv/course/\x1b[31m\nred \udce9 \\xe9", "")
    assert "/\\x1b[31m\\nred \\xe9 \\x5cxe9  -\n" in booted.run("diff", "/srv/course")[1]
    (change,) = [change for change in booted.returned("diff", "/srv/course")["changes"] if change["kind"] == "added"]
    assert change["path"] == "/\x1b[31m\nred \\xe9 \\x5cxe9"


def test_a_path_is_read_as_the_shell_gives_it(booted):
    booted.write("/srv/course/lesson", "2\n")
    expected = booted.returned("diff", "/srv/course")
    for given in ("srv/course", "/srv/../srv//course/"):
        assert booted.returned("diff", given) == expected


def test_an_upper_is_saved_and_booted_without(booted):
    booted.write("/etc/motd", "two\n")
    assert ["to", "be", "done:", "save", "layer", f"{store.LAYERS}/a"] in booted.said("save", "a", "--check")
    assert os.listdir(store.LAYERS) == []
    lines = booted.said("save", "a", "--label", "my label")
    assert ["done:", "save", "layer", f"{store.LAYERS}/a"] in lines
    assert lines[-1] == "The layer a is in generation 1.".split()
    assert steps(booted.said("save", "a")) == []
    head, base, first = booted.said("generations")
    assert base == ["0", "-", "-", "-", "the", "bare", "base"]
    assert (first[:2], first[3:]) == (["1", "*"], ["my", "label", "a"])
    assert booted.said("check") == ["The store is whole.".split()]
    lines = booted.said("rollback", "0")
    assert lines[-1] == "The next boot is asked for rollback=0.".split()
    code, _output, errors = booted.run("reset", "--keep", "/etc/motd")
    assert (code, "keep /etc/motd: an upper in RAM is gone at the next boot" in errors) == (3, True)
    assert booted.said("reset", "--withdraw")[-1] == "Nothing has to be asked of the next boot.".split()


def test_access_lists_are_left_out(booted):
    booted.write("/etc/listed", "")
    os.setxattr(f"{booted.top}/etc/listed", "system.posix_acl_access", ACL)
    booted.said("save", "a")
    booted.said("save", "b", "--drop-acls")
    assert [os.listxattr(f"{store.LAYERS}/{name}/etc/listed") for name in "ab"] == [["system.posix_acl_access"], []]


WRITER = """
import os, sys
with open(sys.argv[1], "r+b", buffering=0) as stream:
    while True:
        os.pwrite(stream.fileno(), b"busy", 0)
"""


def test_what_is_written_to_meanwhile_is_said(booted):
    booted.write("/etc/busy", bytes(1 << 25))
    with subprocess.Popen([sys.executable, "-c", WRITER, f"{booted.top}/etc/busy"]) as writer:
        try:
            # Until it is scheduled while both copies are made.
            for number in range(20):
                *_steps, last = booted.run("save", f"n{number}")[1].splitlines()
                if last.startswith("/etc/busy"):
                    break
        finally:
            writer.kill()
    assert last == "/etc/busy was written to while it was copied, and may be neither as before nor as after."
    assert booted.said("save", "after")[-1] == f"The layer after is in generation {number + 2}.".split()


@pytest.fixture(name="small", params=["tmpfs", "ext4"])
def fixture_small(booted, place, request):
    """With a small file system for the store, in which there are two generations; a reset has to be asked for."""
    if request.param == "ext4":
        subprocess.run(["mke2fs", "-q", "-t", "ext4", f"{place}/image", "8M"], check=True)
        done = subprocess.run(["mount", "-o", "loop", f"{place}/image", layout.DATA], check=False, capture_output=True)
        if done.returncode:
            pytest.skip("needs loop devices")
    else:
        call("mount", b"small", os.fsencode(layout.DATA), b"tmpfs", 0, b"size=8m")
    try:
        with bound(layout.DATA, booted.top + layout.DATA):
            for folder in (*store.FOLDERS, store.TRASH):
                os.makedirs(folder, exist_ok=True)
            Host(layout.BASE).write(bootconf.PATH, "backend=overlay\npersistence=upper\ndata=LABEL=small\ndata_type=ext4\n")
            booted.said("save", "first")
            booted.said("save", "second")
            yield booted
    finally:
        call("umount2", os.fsencode(layout.DATA), _DETACH)


def stored():
    """All files of the store and its folders, {path: content}."""
    found = {}
    for folder, folders, files in os.walk(layout.STORE):
        found.update({f"{folder}/{name}": None for name in folders})
        for name in files:
            with open(f"{folder}/{name}", "rb") as stream:
                found[f"{folder}/{name}"] = stream.read()
    return found


def refused(host, *commands):
    """What is said of commands that change nothing."""
    before = stored()
    for command in commands:
        code, output, errors = host.run(*command)
        assert (code, output) == (3, "")
        assert stored() == before
        yield errors


SAVE, RESET, ROLLBACK, PRUNE = ("save", "third"), ("reset",), ("rollback", "1"), ("prune", "--keep", "1")


def test_a_store_that_is_read_only(small):
    call("mount", None, os.fsencode(layout.DATA), None, _REMOUNT | _READ_ONLY, None)
    for said in refused(small, SAVE, RESET, ROLLBACK, PRUNE):
        assert ": Read-only file system. Mount its file system writable; the kernel's log (dmesg) says why it is not" in said


def fill(path):
    with contextlib.suppress(OSError), open(path, "wb", buffering=0) as stream:
        while True:
            stream.write(bytes(1 << 10))


def test_a_store_that_is_full(small):
    """It can still be given room."""
    fill(f"{layout.DATA}/filler")
    for said in refused(small, SAVE, RESET, ROLLBACK):
        assert ": No space left on device. Make room on its file system; on that of the store, overlayrootctl prune gives up" in said
    assert small.said(*PRUNE)[-1] == "Generations that are kept: 2.".split()
    assert {name for name in os.listdir(store.LAYERS) if not name.endswith(".json")} == {"second"}


def test_generations_are_given_up(booted):
    for name in ("a", "b", "c"):
        assert booted.said("save", name)
    code, _output, errors = booted.run("prune")
    assert (code, errors) == (3, "overlayrootctl: prune: has to be told what to keep. Give --keep, --before or --size.\n")
    assert booted.said("prune", "--keep", "1")[-1] == "Generations that are kept: 3.".split()
    assert [line[0] for line in booted.said("generations")] == ["generation", "0", "3"]
    assert booted.said("check") == ["The store is whole.".split()]


def test_checksums_that_nobody_waited_for(booted):
    assert booted.said("save", "a")
    assert booted.said("save", "s", "--session")
    assert booted.returned("generations")["layers"][1].get("sha256") is None
    code, output, _errors = booted.run("check")
    assert (code, output.splitlines()[1].split()) == (1, "layer s has no checksum yet possible".split())
    assert steps(booted.said("checksums", "--check")) == [["to", "be", "done:", "write", "file", f"{store.LAYERS}/s.json"]]
    assert booted.said("checksums") == [
        ["done:", "write", "file", f"{store.LAYERS}/s.json"],
        "Every layer has its checksum.".split(),
    ]
    assert booted.said("checksums") == ["Every layer has its checksum.".split()]
    assert booted.said("check") == ["The store is whole.".split()]
    Host(store.LAYERS).write("/s/etc/motd", "damaged\n")
    assert booted.run("checksums")[0] == 0
    assert booted.run("check", "--repair")[0] == 1


def test_a_store_that_somebody_holds_gets_its_checksums_later(booted):
    assert booted.said("save", "s", "--session")
    with held_store():
        code, output, errors = booted.run("checksums")
    assert (code, output, errors.split(" in the hands of ")[0]) == (3, "", f"overlayrootctl: folder {store.TOP}: is")
    assert "sha256" not in Path(f"{store.LAYERS}/s.json").read_text(encoding="utf-8")
    assert booted.said("checksums")[-1] == "Every layer has its checksum.".split()


@contextlib.contextmanager
def held_store():
    folder = os.open(store.TOP, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def test_a_layer_that_cannot_be_read_has_no_checksum(booted):
    assert booted.said("save", "s", "--session")
    assert booted.said("save", "t", "--session")
    about = json.loads(Path(f"{store.LAYERS}/s.json").read_text(encoding="utf-8"))
    Path(f"{store.LAYERS}/s.json").write_text(json.dumps({**about, "format": "nobody's"}), encoding="utf-8")
    assert booted.said("checksums")[-1] == "The layer s has no checksum.".split()
    assert "sha256" in Path(f"{store.LAYERS}/t.json").read_text(encoding="utf-8")


def test_a_store_that_is_damaged(booted):
    assert booted.said("save", "a")
    Host(store.LAYERS).write("/a/etc/motd", "damaged\n")
    Host(store.BOOT).write("/current.new", "")
    code, output, errors = booted.run("check")
    assert (code, errors) == (1, "")
    assert [line.split()[:2] for line in output.splitlines()[:3]] == [["what", "is"], ["layer", "a"], ["boot/current.new", "was"]]
    assert booted.run("check", "--repair", "--json")[0] == 1
    assert os.listdir(store.BOOT) == ["current"]
    assert len(booted.returned("check")["problems"]) == 1


def test_a_union_gets_a_new_upper(booted):
    booted.write("/srv/course/lesson", "2\n")
    assert steps(booted.said("reset", "/srv/course", "--check"))
    assert os.listdir("/run/course/upper") == ["lesson"]
    booted.write("/srv/course/ann/notes", "kept\n")
    keep = ("--keep", "/srv/course/ann/notes")
    assert booted.said("reset", "/srv/course", *keep)[-1] == "The upper of /srv/course is new.".split()
    assert (os.listdir("/run/course/upper"), os.listdir("/run/course/upper/ann")) == (["ann"], ["notes"])
    assert steps(booted.said("reset", "/srv/course", *keep)) == []
    assert booted.said("reset", "/srv/course")[-1] == "The upper of /srv/course is new.".split()
    assert os.listdir("/run/course/upper") == []


def test_what_a_reset_takes_off_is_kept(booted):
    booted.write("/etc/motd", "two\n")
    lines = booted.said("reset", "--method", "snapshot")
    assert lines[-2] == "Nothing has to be asked of the next boot.".split()
    name = lines[-1][-1][:-1]
    assert re.fullmatch("before-reset-[0-9]{8}T[0-9]{6}Z", name)
    store_ = booted.returned("generations")
    assert (store_["generations"], store_["current"]) == ([{"number": 1, "layers": [name]}], 0)
    with open(f"{store.LAYERS}/{name}/etc/motd", encoding="utf-8") as stream:
        assert stream.read() == "two\n"
    assert booted.said("check") == ["The store is whole.".split()]
    assert steps(booted.said("reset", "--method", "snapshot", "--id", name)) == []
    booted.write("/srv/course/lesson", "2\n")
    lines = booted.said("reset", "/srv/course", "--method", "snapshot", "--id", "before")
    assert ["done:", "set", "aside", "/run/course/upper", "as", "/run/course/before"] in lines
    assert (os.listdir("/run/course/before"), os.listdir("/run/course/upper")) == (["lesson"], [])


def test_what_is_in_use_is_refused(booted):
    booted.write("/srv/course/lesson", "2\n")
    with open(f"{booted.top}/srv/course/lesson", encoding="utf-8"):
        code, output, errors = booted.run("reset", "/srv/course")
        assert (code, output) == (3, "")
        assert errors.startswith("overlayrootctl: unmount /srv/course: Device or resource busy. End what uses it: ")
        assert booted.returned("reset", "/srv/course")["failed"] is True
    assert os.listdir("/run/course/upper") == ["lesson"]


def test_layers_become_a_folder(booted):
    booted.write("/srv/course/lesson", "2\n")
    more = ("--source", "/srv/course", "--format", "directory")
    os.mkdir("/run/images")
    assert ["source", "8.0", "KiB", "in", "2", "files"] in booted.said("commit", "/run/images/course", *more, "--rehearse")
    assert os.listdir("/run/images") == []
    assert steps(booted.said("commit", "/run/images/course", *more)) == [["done:", "commit", "/run/images/course"]]
    with open("/run/images/course/lesson", encoding="utf-8") as stream:
        assert stream.read() == "2\n"
    assert steps(booted.said("commit", "/run/images/course", *more)) == []


@contextlib.contextmanager
def on_a_terminal(host, *arguments, **more):
    """A command, and a function that gives what its terminal has shown from one clearing of the line to the next."""
    terminal, end = pty.openpty()

    def shown():
        text = b""
        with contextlib.suppress(OSError):  # at the end of the other side
            while True:
                text += os.read(terminal, 4096)
        return text.split(b"\r\x1b[K")

    try:
        with host.start(*arguments, stderr=end, **more) as process:
            os.close(end)
            yield process, shown
    finally:
        os.close(terminal)


@pytest.fixture(name="slow_commit")
def fixture_slow_commit(booted):
    """The `mksquashfs` of the host takes its time, and fails."""
    booted.write("/usr/local/bin/mksquashfs", "#!/bin/sh\nsleep 1.5\nexit 1\n")
    os.chmod(f"{booted.top}/usr/local/bin/mksquashfs", 0o755)
    return ("commit", "/run/image", "--source", "/srv/course"), {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def test_a_terminal_shows_how_far_a_commit_is(booted, slow_commit):
    asked, environment = slow_commit
    with on_a_terminal(booted, *asked, env=environment) as (process, shown):
        *gauges, last = shown()
    assert process.returncode == 3
    assert [drawn for drawn in gauges if re.fullmatch(rb"reading   \[#* *\] +\d+% of 8\.0 KiB", drawn)]
    assert last.startswith(b"overlayrootctl: command mksquashfs")


def test_a_commit_without_a_terminal_shows_nothing(booted, slow_commit):
    asked, environment = slow_commit
    code, output, errors = booted.run(*asked, env=environment)
    assert (code, output) == (3, "")
    assert errors.startswith("overlayrootctl: command mksquashfs")


def many_files(host):
    for number in range(3000):
        host.write(f"/var/many/{number // 10}/{number}", b"x" * 4096)


def tells(report):
    with contextlib.suppress(FileNotFoundError), open(report, encoding="ascii") as stream:
        return bool(stream.read().strip("\0"))
    return False


def make_slow(process):
    """A save is stopped as soon as it tells how far it is, for longer than a gauge takes to be drawn."""
    deadline = time.monotonic() + 60
    while not tells(f"{store.LAYERS}/.a.new/progress"):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGSTOP)
    time.sleep(1)
    process.send_signal(signal.SIGCONT)


def test_a_terminal_shows_how_far_a_save_is(booted):
    many_files(booted)
    with on_a_terminal(booted, "save", "a") as (process, shown):
        make_slow(process)
        *gauges, last = shown()
    assert (process.returncode, last) == (0, b"")
    drawn = [re.fullmatch(rb"copying   \[#* *\] +\d+% of 1[12]\.\d MiB(, \d+ files)?", gauge) for gauge in gauges if gauge]
    assert drawn
    assert all(drawn)


def test_a_save_without_a_terminal_shows_nothing(booted):
    many_files(booted)
    with booted.start("save", "a") as process:
        make_slow(process)
        _output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")


@pytest.fixture(name="busy")
def fixture_busy(booted):
    """A commit that takes its time: the `mksquashfs` of the host only sleeps."""
    booted.write("/usr/local/bin/mksquashfs", "#!/bin/sh\n: >/run/started\nexec sleep 60\n")
    os.chmod(f"{booted.top}/usr/local/bin/mksquashfs", 0o755)
    asked = ("commit", "/run/image", "--source", "/srv/course")
    with booted.start(*asked, env={"PATH": "/usr/local/bin:/usr/bin:/bin"}) as process:
        try:
            deadline = time.monotonic() + 60
            while not os.path.exists("/run/started") and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.01)
            assert process.poll() is None
            yield process
        finally:
            process.kill()


CHANGES = [
    ("save", "a"),
    ("rollback", "0"),
    ("reset", "/srv/course"),
    ("prune", "--keep", "1"),
    ("check", "--repair"),
    ("commit", "/run/other", "--source", "/srv/course", "--format", "directory"),
]


@pytest.mark.parametrize("command", CHANGES, ids=lambda command: command[0])
def test_two_changes_at_once(booted, busy, command):
    code, output, errors = booted.run(*command)
    assert (code, output) == (3, "")
    assert re.match(
        f"overlayrootctl: folder {store.TOP}: is in the hands of process {busy.pid} "
        rf"\(.*{COMMAND} commit /run/image --source /srv/course\)\. Wait for its end, or end it\.\n",
        errors,
    )
    assert booted.run("generations")[0] == 0
    assert booted.run("check")[0] == 0
    assert booted.run(*command, "--check")[0] == 0
    busy.kill()
    assert booted.run(*command)[0] == 0


def test_a_commit_that_is_interrupted_leaves_nothing(booted):
    """By Ctrl-C, while the `mksquashfs` of the host takes its time."""
    booted.write("/usr/local/bin/mksquashfs", "#!/bin/sh\nexec sleep 60\n")
    os.chmod(f"{booted.top}/usr/local/bin/mksquashfs", 0o755)
    os.mkdir("/run/images")
    asked = ("commit", "/run/images/course", "--source", "/srv/course")
    with booted.start(*asked, env={"PATH": "/usr/local/bin:/usr/bin:/bin"}) as process:
        while not os.listdir("/run/images") and process.poll() is None:
            time.sleep(0.01)
        started = time.monotonic()
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert (process.returncode, os.listdir("/run/images")) == (3, [])
    assert said == "overlayrootctl: the change: was interrupted by SIGINT. What was done is undone; run it again.\n"
    assert time.monotonic() - started < 2


def test_errors(plain):
    code, output, errors = plain.run("diff", "/proc")
    assert (code, output) == (3, "")
    assert errors == (
        "overlayrootctl: path /proc: proc is mounted there, no union. "
        "Name the mount point of a union, or give upper and lower.\n"
    )
    assert plain.returned("diff", "/proc") == {"failed": True, "msg": errors[len("overlayrootctl: ") : -1]}


@pytest.mark.parametrize("arguments", [(), ("undo",), ("diff", "--limit", "many"), ("status", "--check"), ("save",)])
def test_bad_usage(plain, arguments):
    code, output, errors = plain.run(*arguments)
    assert (code, output) == (2, "")
    assert errors.startswith("usage: overlayrootctl")


def test_help(plain):
    code, output, errors = plain.run("--help")
    assert (code, errors) == (0, "")
    assert "  3  refused, or failed and undone; standard error says why\n" in output
    for command in ("status", "diff", "save", "reset", "rollback", "generations", "prune", "commit", "check", "checksums"):
        assert f"\nexample:\n  overlayrootctl {command}" in plain.run(command, "--help")[1]


def test_nobody_reads_on(plain):
    reading, writing = os.pipe()
    os.close(reading)
    with plain.start("status", stdout=writing) as process:
        os.close(writing)
        assert process.communicate() == (None, "")
    assert process.returncode == -signal.SIGPIPE


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_nothing_can_be_printed(plain, options):
    with open("/dev/full", "wb") as full:
        code, _output, errors = plain.run("status", *options, stdout=full)
    assert (code, errors) == (3, "overlayrootctl: standard output: No space left on device. All else is done.\n")


def test_the_end_by_a_signal_is_the_end(booted):
    """The `diff` of the host, which shows texts, sends it."""
    booted.write("/usr/local/bin/diff", "#!/bin/sh\nkill -INT $PPID\n")
    os.chmod(f"{booted.top}/usr/local/bin/diff", 0o755)
    code, output, errors = booted.run("diff", "--text", "/etc/motd", env={"PATH": "/usr/local/bin:/usr/bin:/bin"})
    assert (code, output, errors) == (-signal.SIGINT, "", "")
