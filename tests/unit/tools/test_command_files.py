# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is installed beside overlayrootctl says what that understands."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.labs.overlayroot.tests.tools import command_files

MANUAL, COMPLETION = (command_files.FILES / name for name in ("overlayrootctl.8", "overlayrootctl.bash"))


def completed(*words):
    """What bash makes of the last of the words after overlayrootctl."""
    script = '. "$0"; COMP_WORDS=(overlayrootctl "$@"); COMP_CWORD=$#; _overlayrootctl overlayrootctl "${!#}"; echo "${COMPREPLY[*]}"'
    done = subprocess.run(["bash", "-uc", script, COMPLETION, *words], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("path", [MANUAL, COMPLETION], ids=lambda path: path.name)
def test_files_are_current(path):
    assert path.read_text() == command_files.wanted()[path], "run python3 tests/tools/command_files.py"


def test_commands_are_completed():
    assert completed("") == [*command_files.parsers(), "--help"]
    assert completed("re") == ["reset"]
    assert completed("nothing") == []


def test_options_are_completed():
    assert completed("diff", "--") == ["--help", "--generation", "--layer", "--since", "--text", "--limit", "--json"]
    assert completed("diff", "/srv", "--l") == ["--layer", "--limit"]
    assert completed("diff", "/s") == []
    assert completed("none", "--") == []


def test_every_option_is_in_the_manual():
    text = MANUAL.read_text().replace("\\-", "-")
    for name, parser in command_files.parsers().items():
        assert f"\n.SS {name} " in text
        for option in command_files.words(parser):
            assert option == "--help" or f"\n.B {option}" in text


@pytest.mark.skipif(shutil.which("groff") is None, reason="needs groff")
def test_the_manual_can_be_set():
    done = subprocess.run(["groff", "-man", "-ww", "-z", MANUAL], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.parametrize(
    "text, expected",
    [("a-b", "a\\-b"), ("\\xNN", "\\exNN"), (".profile", "\\&.profile"), ("'tis", "\\&'tis")],
)
def test_text_for_roff(text, expected):
    assert command_files.roff(text) == expected


def test_a_stale_file_is_told_of_and_written(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command_files, "TOP", tmp_path)
    monkeypatch.setattr(command_files, "wanted", lambda: {tmp_path / "a": "new\n"})
    assert command_files.main(["--check"]) == 1
    assert not (tmp_path / "a").exists()
    assert command_files.main([]) == 0
    assert (tmp_path / "a").read_text() == "new\n"
    assert command_files.main(["--check"]) == 0
    assert capsys.readouterr().out == "a is not what overlayrootctl says of itself\n" * 2
