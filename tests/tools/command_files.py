# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the manual page of overlayrootctl and its completion for bash from what it says of itself:
command_files.py [--check]

With --check nothing is written, and the exit code says whether something would be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FILES = TOP / "roles/initramfs/files"
LICENCE = ("Copyright (c) 2026 labs.overlayroot contributors", "SPDX-License-Identifier: GPL-3.0-or-later")
MADE = "Made by tests/tools/command_files.py."


def main(arguments: list[str]) -> int:
    stale = {path: text for path, text in wanted().items() if not path.exists() or path.read_text() != text}
    for path, text in stale.items():
        print(f"{path.relative_to(TOP)} is not what overlayrootctl says of itself")
        if "--check" not in arguments:
            path.write_text(text)
    return 1 if stale and "--check" in arguments else 0


def wanted() -> dict[Path, str]:
    return {
        FILES / "overlayrootctl.8": "\n".join(manual()) + "\n",
        FILES / "overlayrootctl.bash": "\n".join(completion()) + "\n",
    }


def cli():
    """The real thing, from the package that it is in the archive."""
    sys.path.insert(0, str(TOP / "plugins"))
    try:
        from module_utils import _cli
    finally:
        sys.path.pop(0)
    return _cli


def parsers() -> dict[str, argparse.ArgumentParser]:
    (commands,) = [action for action in cli().parser()._actions if isinstance(action, argparse._SubParsersAction)]
    return commands.choices


def words(parser: argparse.ArgumentParser) -> list[str]:
    """The long options."""
    return [option for action in parser._actions for option in action.option_strings if option.startswith("--")]


def manual() -> Iterator[str]:
    yield from (f'.\\" {line}' for line in (*LICENCE, MADE))
    yield '.TH OVERLAYROOTCTL 8 "" labs.overlayroot "System Administration"'
    yield ".SH NAME"
    yield roff(f"{cli().NAME} - {cli().DESCRIPTION[0].lower()}{cli().DESCRIPTION[1:].rstrip('.')}")
    yield ".SH SYNOPSIS"
    yield f".B {cli().NAME}"
    yield ".I COMMAND"
    yield "[argument ...]"
    yield ".SH DESCRIPTION"
    yield from paragraphs(cli().MANUAL)
    yield ".SH COMMANDS"
    for name, parser in parsers().items():
        yield f".SS {roff(synopsis(name, parser))}"
        command = cli().COMMANDS[name]
        yield roff(f"{command.help}. {command.description}")
        for action in actions(parser):
            yield ".TP"
            yield f".B {roff(spelled(action))}"
            yield roff(said(action))
        yield ".PP"
        yield "Example:"
        yield from (".PP", ".RS", ".nf", roff(command.example), ".fi", ".RE")
    yield ".SH EXIT STATUS"
    for code, meaning in cli().EXITS.items():
        yield from (".TP", f".B {code}", roff(f"{meaning[0].upper()}{meaning[1:]}."))
    yield ".SH SEE ALSO"
    yield ".BR findmnt (8),"
    yield ".BR mount (8)"


def paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield ".PP"
        yield roff(paragraph)


def actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What is said of each command once, and what is not --help."""
    return [action for action in parser._actions if action.dest != "help"]


def synopsis(name: str, parser: argparse.ArgumentParser) -> str:
    parts = (spelled(action) for action in actions(parser))
    optional = (action.nargs in ("?", "*") or bool(action.option_strings) for action in actions(parser))
    return " ".join([name, *(f"[{part}]" if may_lack else part for part, may_lack in zip(parts, optional))])


def spelled(action: argparse.Action) -> str:
    value = "|".join(action.choices) if action.choices else action.metavar
    return " ".join(filter(None, [*action.option_strings[:1], None if action.nargs == 0 else value]))


def said(action: argparse.Action) -> str:
    text = (action.help or "") % vars(action)
    return f"{text[0].upper()}{text[1:]}."


def roff(text: str) -> str:
    """One line of text."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + escaped if escaped.startswith((".", "'")) else escaped


def completion() -> Iterator[str]:
    yield "# shellcheck shell=bash"
    yield from (f"# {line}" for line in (*LICENCE, MADE))
    yield ""
    yield "_overlayrootctl() {"
    yield "    local words=''"
    yield "    if [ \"$COMP_CWORD\" -eq 1 ]; then"
    yield f"        words='{' '.join([*parsers(), '--help'])}'"
    yield "    else"
    yield "        case ${COMP_WORDS[1]} in"
    for name, parser in parsers().items():
        yield f"            {name}) words='{' '.join(words(parser))}' ;;"
    yield "        esac"
    yield "    fi"
    yield "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$2\")"
    yield "}"
    yield ""
    yield "# What is no word of these is completed as the name of a file."
    yield "complete -o default -F _overlayrootctl overlayrootctl"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
