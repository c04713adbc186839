# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import halt_script
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from hypothesis import given, settings
from hypothesis import strategies as st

PATH = "/etc/rc.shutdown"

# Of the kind that many live systems have.
BUSYBOX = """\
#!/bin/sh
# Don't unmount what isn't there: umount
echo "poweroff is near; umount -a"
for x in $(awk '$2 != "/" {print $2}' /proc/mounts | sort -r); do
    /bin/fuser -s -k -9 -m "${x}"   # whoever it is
    umount "${x}"
done
swapoff -a
umount -a -r
"""

# Of the kind that Gentoo once had: a loop in a condition.
GENTOO = """\
sync ; sync
if [ "$1" = "halt" ] ; then
    while read -r x ; do
        if ! umount "${x}" &>/dev/null ; then
            /bin/fuser -k -m "${x}" &>/dev/null
        fi
    done
fi
"""


def first(text):
    """The line that the session is saved before."""
    number = halt_script.place(PATH, text)
    return None if number is None else text.split("\n")[number]


@pytest.mark.parametrize(
    "text, line",
    [
        (BUSYBOX, "for x in $(awk '$2 != \"/\" {print $2}' /proc/mounts | sort -r); do"),
        (GENTOO, 'if [ "$1" = "halt" ] ; then'),
        ("echo a\numount -a\n", "umount -a"),
        ("echo a; PATH=/bin busybox umount -a", "echo a; PATH=/bin busybox umount -a"),
        ("sync && /sbin/poweroff -f", "sync && /sbin/poweroff -f"),
        ("mount -o remount,rw /\nmount -n -o remount,ro /", "mount -n -o remount,ro /"),
        ("echo \\\n  umount\nmount \\\n  -o remount,ro /", "mount \\"),
        ("fuser -k 80/tcp\nfuser -v -m /\nfuser -km /", "fuser -km /"),
        ("if true; then\n  echo\nfi\n{ reboot; }", "{ reboot; }"),
        ("stop() {\n  sync\n}\nstop\nexec halt -f", "exec halt -f"),
        ("case $1 in\n  halt|reboot) verb=$1 ;;\nesac\nreboot -f", "reboot -f"),
        ("fstab-decode umount $x", "fstab-decode umount $x"),
        ("x=${y#z}; z=a#b; umount -a", "x=${y#z}; z=a#b; umount -a"),
        ("echo umount >/dev/console\necho done 2>&1 | cat", None),
        ("echo stopped\n# umount -a\n", None),
        ("", None),
        (f"case a in\n a) {halt_script.HOOK} ;;\nesac\numount -a", None),
    ],
)
def test_where_the_session_is_saved(text, line):
    assert first(text) == line


@pytest.mark.parametrize(
    "text, problem",
    [
        ("stop() {\n  umount -a\n}\nstop\n", "/etc/rc.shutdown:2: ends a file system within a function or a case"),
        ("function stop()\n{\n\n  umount -a\n}\nstop\n", "/etc/rc.shutdown:4: ends a file system within a function or a case"),
        ('case "$1" in\n  stop)\n    if true; then umount -a; fi ;;\nesac\n', "/etc/rc.shutdown:3: ends a file system within"),
        ("echo 'a\nb'\numount -a\n", "/etc/rc.shutdown:1: has a quotation that goes on in another line"),
        ("sync\ncat <<END\numount\nEND\n", "/etc/rc.shutdown:2: has a here-document"),
    ],
)
def test_what_is_not_understood_is_left_alone(text, problem):
    with pytest.raises(OverlayrootError) as caught:
        halt_script.place(PATH, text)
    assert str(caught.value).startswith(problem)
    assert f"Put the line '{halt_script.HOOK}' where all else has stopped" in str(caught.value)


def test_a_script_is_patched():
    lines = BUSYBOX.split("\n")
    assert halt_script.patched(PATH, BUSYBOX, halt_script.place(PATH, BUSYBOX)).split("\n") == [
        *lines[:3],
        "# labs.overlayroot has added the next line",
        "/usr/local/lib/overlayroot/halt.sh stop",
        lines[3],
        '# labs.overlayroot has changed the next line, which was:     /bin/fuser -s -k -9 -m "${x}"   # whoever it is',
        '    /bin/fuser -s -m "${x}"   # whoever it is',
        *lines[5:],
    ]


@pytest.mark.parametrize(
    "line, spared",
    [
        ('/bin/fuser -s -k -9 -m "${x}"', '/bin/fuser -s -m "${x}"'),
        ("fuser -km / && sync", "fuser -m / && sync"),
        ("fuser -k -TERM -c /", "fuser -c /"),
        ("fuser -mk -SIGKILL /a; fuser -mv /b", "fuser -m /a; fuser -mv /b"),
        ("fuser -k 80/tcp", "fuser -k 80/tcp"),
        ("# fuser -km /", "# fuser -km /"),
        ("no-fuser -km /", "no-fuser -km /"),
    ],
)
def test_what_serves_the_root_is_spared(line, spared):
    changed = halt_script.patched(PATH, line)
    assert changed.rpartition("\n")[2] == spared
    assert halt_script.original(PATH, changed) == line


def test_a_command_that_goes_on_in_another_line_is_left_alone():
    with pytest.raises(OverlayrootError, match="/etc/rc.shutdown:1: goes on in another line"):
        halt_script.patched(PATH, "fuser -km \\\n  /home")


def test_what_others_have_changed_since_stays():
    made = halt_script.patched(PATH, BUSYBOX, halt_script.place(PATH, BUSYBOX)).replace("swapoff -a", "swapoff -a || :")
    assert halt_script.original(PATH, made) == BUSYBOX.replace("swapoff -a", "swapoff -a || :")


@pytest.mark.parametrize("line", ["/usr/local/lib/overlayroot/halt.sh stop", '/bin/fuser -s -m "${x}"'])
def test_a_change_that_was_changed_is_not_taken_back(line):
    made = halt_script.patched(PATH, BUSYBOX, halt_script.place(PATH, BUSYBOX)).replace(line, line + " &")
    with pytest.raises(OverlayrootError, match="/etc/rc.shutdown:[58]: was .*, and was edited by hand. Write it so again."):
        halt_script.original(PATH, made)


SCRIPTS = st.lists(
    st.sampled_from(["umount -a", "sync", "", "  fuser -km /x # y", "if true; then", "fi", "poweroff", "\udcff", "#", "a \\"])
).map("\n".join)


@given(SCRIPTS)
@settings(derandomize=True, database=None, deadline=None)
def test_a_script_comes_back_byte_by_byte(text):
    try:
        number = halt_script.place(PATH, text)
        made = halt_script.patched(PATH, text, number)
    except OverlayrootError:
        return
    assert halt_script.original(PATH, made) == text
    assert (halt_script.HOOK in made) == (number is not None)
