# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import assignments, subhost
from ansible_collections.labs.overlayroot.plugins.module_utils._core.cables import Cable
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from hypothesis import given, settings
from hypothesis import strategies as st

PATH = "/opt/subhost/tiny/tiny.conf"


def refused(assignment, _folder):
    raise assignment.fault("is a command", "Allow it")


def parse(text, output=refused, path=PATH):
    return subhost.parse(text, path, output)


def test_the_smallest_one():
    found = parse("# /opt/subhost/tiny/tiny.conf\n# mkdir -p ...\nBASE= .\n")
    assert found == subhost.Subhost(
        config=PATH,
        name="tiny",
        base="/opt/subhost/tiny",
        live="/opt/subhost/tiny/live",
        lower="/",
        upper="/opt/subhost/tiny/root",
        work="/opt/subhost/tiny/work",
        log="/tmp/oly-tiny.log",
        start=("networking", "ssh"),
        ram_size="50M",
        cables=(),
        premount=(),
        postmount=(),
        init=(),
        shares=(),
        addresses=(),
        gateway="",
        memory="",
        processes="",
        cpu="",
        no_new_privs=False,
        store="",
    )
    assert found.kind == "union"


def test_one_with_a_tree_of_its_own():
    found = parse("BASE=.\nCABLES= =\nLOWER= base\nSTART= none\n")
    assert (found.lower, found.start, found.cables) == ("/opt/subhost/tiny/base", (), (Cable("tiny0", "eth0"),))


def test_a_larger_one():
    found = parse("BASE=.\nCABLES= =\nSTART= inetutils-syslogd networking ssh saslauthd postfix dovecot\n")
    assert found.start == ("inetutils-syslogd", "networking", "ssh", "saslauthd", "postfix", "dovecot")


@pytest.mark.parametrize(
    "text, name, value",
    [
        ("NAME=x", "name", "x"),
        ("NAME=x\nNAME=y", "name", "x"),
        ("NAME=\nNAME=y", "name", "tiny"),
        (" NAME=x", "name", "tiny"),
        ("NAME =x", "name", "tiny"),
        ("name=x", "name", "tiny"),
        ("NAME= \t x \t\r", "name", "x"),
        ("LIVE=/a//b/../c", "live", "/a/c"),
        ("LIVE='/a $x `b` \\'", "live", "/a $x `b` \\"),
        ('LIVE="/a \\" \\$ \\x"', "live", '/a " $ \\x'),
        ("LIVE=/a\\ b\\\\\\'", "live", "/a b\\'"),
        ("LIVE=$BASE/${NAME}x", "live", "/opt/subhost/tiny/tinyx"),
        ('LIVE="$BASE/x"', "live", "/opt/subhost/tiny/x"),
        ("LIVE=/x#y # z", "live", "/x#y # z"),
        ("LIVE=/x;y&z|a>b", "live", "/x;y&z|a>b"),
        ("LOG=log", "log", "/opt/subhost/tiny/log"),
        ("START=/startup ssh", "start", ("/startup", "ssh")),
        ("RAM_SIZE=none", "ram_size", "none"),
        ("SHARE=/a\nSHARE = b:/c\nSHARE=/:/d", "shares", (("/a", "/a"), ("/opt/subhost/tiny/b", "/c"))),
        ("PREMOUNT=/x y  z", "premount", ("/x", "y", "z")),
        ("CABLES= = =.302", "cables", (Cable("tiny0", "eth0"), Cable("tiny0.302", "eth0.302", carrier="tiny0"))),
        (
            "CABLES=br0=02:00:00:00:00:0A =.5 br1=",
            "cables",
            (
                Cable("tiny0", "eth0", "br0", "02:00:00:00:00:0a"),
                Cable("tiny0.5", "eth0.5", carrier="tiny0"),
                Cable("tiny1", "eth1", "br1"),
            ),
        ),
        ("CABLES=br0= =\nADDRESSES=- 192.0.2.2/24", "addresses", ("", "192.0.2.2/24")),
        ("NO_NEW_PRIVS=yes", "no_new_privs", True),
    ],
)
def test_values(text, name, value):
    assert getattr(parse("BASE=.\n" + text), name) == value


@pytest.mark.parametrize(
    "text, kind",
    [("LIVE=/x\nLOWER=/x", "premounted"), ("UPPER=/x\nLOWER=/x", "bound"), ("LIVE=/x\nLOWER=/x\nUPPER=/x", "premounted")],
)
def test_roots_that_are_no_union(text, kind):
    assert parse("BASE=.\n" + text).kind == kind


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "tiny.conf, BASE: is missing"),
        ("BASE =.", "BASE: has no value: line 1 has blanks"),
        ("BASE=.\nNAME=abcdefghijklm", "NAME: 'abcdefghijklm' is not one to twelve printable"),
        ("BASE=.\nNAME=a b", "NAME: 'a b' is not"),
        ("BASE=.\nNAME=-a", "NAME: '-a' is not"),
        ("BASE=.\nNAME=a/b", "NAME: 'a/b' is not"),
        ("BASE=.\nNAME=..", "NAME: '..' is not"),
        ("BASE=.\n\nLIVE=$(rm -r /)", "tiny.conf line 3, LIVE: a command of a shell"),
        ("BASE=.\nLIVE=`x`", "line 2, LIVE: a command of a shell"),
        ("BASE=.\nLIVE=\"`x`\"", "line 2, LIVE: a command of a shell"),
        ("BASE=.\nLIVE=$x", "line 2, LIVE: .x has no value here"),
        ("BASE=.\nLIVE=$WORK", "line 2, LIVE: .WORK has no value here"),
        ("BASE=.\nLIVE=a'b", "line 2, LIVE: a quotation mark in the middle"),
        ("BASE=.\nLIVE='a'b'", "line 2, LIVE: a quotation has no end, or something after it"),
        ('BASE=.\nLIVE="a', "line 2, LIVE: a quotation has no end"),
        ("BASE=.\nLIVE=a\\", "line 2, LIVE: a backslash ends the line"),
        ("BASE=.\nLIVE=!x y", "line 2, LIVE: is a command"),
        ("BASE=.\nLIVE=!", "line 2, LIVE: there is no command after !"),
        ("BASE=.\nLIVE=/", "LIVE: is the root of the host"),
        ("BASE=.\nLIVE=root", "LIVE: is the upper as well"),
        ("BASE=.\nRAM_SIZE=50 M", "RAM_SIZE: '50 M' is not none or the size"),
        ("BASE=.\nCABLES=br0", "CABLES br0: has no ="),
        ("BASE=.\nCABLES==01:00:00:00:00:01", "is the address of a group"),
        ("BASE=.\nCABLES==02:00:00:00:00", "is no MAC address"),
        ("BASE=.\nCABLES==.5", "there is no cable for the VLAN"),
        ("BASE=.\nCABLES== =.4095", "'4095' is no VLAN"),
        ("BASE=.\nCABLES== =.5 =.5", "tiny0.5 is there twice"),
        ("BASE=.\nNAME=abcdefghijkl\nCABLES== =.302", "abcdefghijkl0.302 is too long"),
        ("BASE=.\nCABLES=-b=", "'-b' cannot be a bridge"),
        ("BASE=.\nSHARE=/a:b", "line 2, SHARE: '/a:b' is no path in the subhost"),
        ("BASE=.\nSHARE=/a:/../b", "is no path in the subhost"),
        ("BASE=.\nADDRESSES=192.0.2.2/24", "there are more than CABLES"),
        ("BASE=.\nCABLES==\nADDRESSES=x", "'x' is no address"),
        ("BASE=.\nCABLES==\nADDRESSES=192.0.2.2", "does not say its network"),
        ("BASE=.\nCPU=half", "CPU: 'half' is not a share"),
    ],
)
def test_errors_name_the_file_and_the_line(text, message):
    with pytest.raises(OverlayrootError, match=message):
        parse(text)


def test_commands():
    asked = []

    def output(assignment, folder):
        asked.append((assignment.name, assignment.command, folder))
        return " mnt/x \nmore\n"

    found = parse("BASE=.\nLOWER=!overlay-diskfile mnt/ 'disk.img' 2", output)
    assert found.lower == "/opt/subhost/tiny/mnt/x"
    assert asked == [("LOWER", ("overlay-diskfile", "mnt/", "'disk.img'", "2"), "/opt/subhost/tiny")]
    with pytest.raises(OverlayrootError, match="line 2, UPPER: false printed nothing"):
        parse("BASE=.\nUPPER=!false", lambda assignment, folder: "\n")


# What overlay-boot's own way of reading does with a file, by sed and the shell's read.
READ = r"""IFS= read -r name; sed "/^$name=.*/{s|^$name=||;s|^\s*||;s|\s*\$||;b};d" "$1" >"$1.found"; read value <"$1.found"
printf %s "$value" """


@given(
    st.lists(
        st.tuples(st.sampled_from(("NAME=", "LIVE=", " NAME=", "NAME =", "#NAME=", "")), st.text("ab =#\\/;.\t", max_size=8)),
        max_size=5,
    )
)
@settings(derandomize=True, database=None, max_examples=150, deadline=None)
def test_lines_are_read_as_overlay_boot_does(tmp_path_factory, lines):
    if not shutil.which("dash"):
        pytest.skip("needs dash")
    text = "".join(f"{name}{value}\n" for name, value in lines)
    path = tmp_path_factory.mktemp("conf") / "x.conf"
    path.write_text(text)
    found = assignments.parse(text, "x.conf")
    for name in ("NAME", "LIVE"):
        argv = ["dash", "-c", READ, "read", str(path)]
        theirs = subprocess.run(argv, input=name + "\n", stdout=subprocess.PIPE, encoding="utf-8", check=False).stdout
        try:
            ours = found[name].value({}) if name in found else ""
        except OverlayrootError:
            continue  # a line that goes on in another one
        if not ours.endswith((" ", "\t")):  # escaped blanks
            assert ours == theirs
