# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import fstab
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.fstab import Entry
from hypothesis import given, settings
from hypothesis import strategies as st

TEXT = """\
# a comment
UUID=1\t/ ext4 errors=remount-ro 0 1

LABEL=four /four\\040fields vfat nofail
  LABEL=five /five/ vfat x-systemd.automount,nofail 0
none swap swap sw 0 0 # seven
overlay /m overlay lowerdir=/a:/b,index=off 0 0
tmpfs /tmp tmpfs"""

OURS = Entry("overlay", "/n m", "overlay", "lowerdir=/a\\:x", "0", "0")


def test_renders_back():
    assert fstab.parse(TEXT).text == TEXT


@given(st.lists(st.sampled_from(["a /b c", " a\t/b c d ", "#x", "", "a /b c d 0 0"])), st.sampled_from(["", "\n"]))
@settings(derandomize=True, database=None)
def test_renders_back_whatever_lines(lines, end):
    text = "\n".join(lines) + end
    assert fstab.parse(text).text == text


def test_entries():
    assert fstab.parse(TEXT).entries == (
        Entry("UUID=1", "/", "ext4", "errors=remount-ro", "0", "1"),
        Entry("LABEL=four", "/four fields", "vfat", "nofail"),
        Entry("LABEL=five", "/five/", "vfat", "x-systemd.automount,nofail", "0"),
        Entry("none", "swap", "swap", "sw", "0", "0"),
        Entry("overlay", "/m", "overlay", "lowerdir=/a:/b,index=off", "0", "0"),
        Entry("tmpfs", "/tmp", "tmpfs"),
    )


def test_put_at_the_end_ends_the_last_line():
    added = fstab.parse(TEXT).put(OURS)
    assert added.text == TEXT + "\noverlay /n\\040m overlay lowerdir=/a\\134:x 0 0\n"
    assert added.find("/n m", "overlay") == OURS


def test_put_in_its_place():
    entry = Entry("overlay", "/m", "overlay", "lowerdir=/c:/d", "0", "0")
    replaced = fstab.parse(TEXT).put(entry)
    assert replaced.text == TEXT.replace("lowerdir=/a:/b,index=off", "lowerdir=/c:/d")
    assert replaced.put(entry) == replaced


def test_put_into_an_empty_file():
    assert fstab.parse("").put(OURS).text == fstab.render(OURS) + "\n"


def test_put_leaves_another_type_at_the_same_place():
    entry = Entry("overlay", "/tmp", "overlay", "lowerdir=/c:/d", "0", "0")
    assert fstab.parse(TEXT).put(entry).text == TEXT + "\n" + fstab.render(entry) + "\n"


def test_remove():
    assert fstab.parse(TEXT).remove("/m", "overlay").text == TEXT.replace(TEXT.split("\n")[6] + "\n", "")
    assert fstab.parse(TEXT).remove("/tmp", "overlay").text == TEXT
    assert fstab.parse(TEXT).remove("/five", "vfat").find("/five", "vfat") is None


def test_remove_takes_back_put():
    assert fstab.parse(TEXT + "\n").put(OURS).remove(OURS.path, "overlay").text == TEXT + "\n"


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).map("/".__add__)


@given(FIELD, FIELD)
@settings(derandomize=True, database=None)
def test_any_path_comes_back(path, options):
    entry = Entry("overlay", path, "overlay", options, "0", "0")
    assert fstab.parse("").put(entry).entries == (entry,)


def test_bytes_that_are_no_text_come_back():
    entry = Entry("overlay", "/a\udcff", "overlay", "lowerdir=/\udce9", "0", "0")
    assert fstab.parse(fstab.render(entry)).entries == (entry,)


@pytest.mark.parametrize("entry", [OURS._replace(path="/"), Entry("x", "/", "auto", "ro,upperdir=/u")])
def test_no_overlay_at_the_root(entry):
    with pytest.raises(OverlayrootError, match="an overlay entry for /"):
        fstab.parse(TEXT).put(entry)


@pytest.mark.parametrize(
    "line, problem",
    [
        ("a", "1 of the fields"),
        ("a /b", "2 of the fields"),
        ("a /b c d x", "dump is 'x'"),
        ("a /b c d 0 2x", "check is '2x'"),
        ("a /b c d 0 0 more", "after the sixth field: 'more'"),
    ],
)
def test_errors_name_the_line(line, problem):
    with pytest.raises(OverlayrootError, match=f"fstab line 3: .*{problem}"):
        fstab.parse(f"# x\na /b c\n{line}\na\n")
