# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Halt scripts: the shell scripts that end a host, made to end the root union, and to spare what serves the root.

A script is read as far as its commands and what encloses them; what else it does is its own affair. Each change is
marked, and says what was there: it is taken back exactly, whatever else was edited meanwhile.
"""

from __future__ import annotations

import posixpath
import re
from typing import NamedTuple

from . import exit_root
from .errors import OverlayrootError

HOOK = exit_root.HALT + " stop"
ADDED = "# labs.overlayroot has added the next line"
CHANGED = "# labs.overlayroot has changed the next line, which was: "

_CODE = re.compile(r"""(?:[^'"#\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|(?<=[^\s;&|()])\#)*""")
_TOKEN = re.compile(r"""(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s;&|()<>'"\\])+|[;&|()<>]+""")
_ENDS = {"if": "fi", "for": "done", "while": "done", "until": "done", "case": "esac", "{": "}"}
_BEFORE_A_COMMAND = {"if", "then", "elif", "else", "while", "until", "do", "{", "!", "exec", "busybox", "fstab-decode"}
_FUSER = re.compile(r"(?<![\w.-])fuser(?=\s)[^;&|()]*")


class _Opened(NamedTuple):
    """What holds other commands, and is not ended yet."""

    kind: str
    end: str
    number: int


def place(path, text):
    """The number of the line that the session is to be saved before; None where the script has no such line.

    That is the first command that ends a file system, or whatever holds it.
    """
    if HOOK in text:
        return None
    opened, is_function = [], False
    for number, code in _logical(path, text.split("\n")):
        for words, operator in _commands(path, number, code):
            for word in words:
                if opened and word == opened[-1].end:
                    opened.pop()
                elif word in _ENDS:
                    opened.append(_Opened("function" if is_function else word, _ENDS[word], number))
                    is_function = False
                if word not in _BEFORE_A_COMMAND:
                    break
            is_function = is_function or operator.startswith("()")
            if ends(words) and not _is_pattern(words, operator, opened):
                if {"function", "case"}.intersection(outer.kind for outer in opened):
                    raise _unknown(path, number, "ends a file system within a function or a case")
                return opened[0].number if opened else number
    return None


def _is_pattern(words, operator, opened):
    """Whether it is no command, but what a case is compared with."""
    return opened and opened[-1].kind == "case" and len(words) == 1 and operator in ("|", ")")


def ends(words):
    """Whether a command ends a file system, or all of them with the host."""
    words = [word for word in words if word not in _BEFORE_A_COMMAND and not re.match(r"\w+=", word)]
    name, options = posixpath.basename(words[0]) if words else "", words[1:]
    return (
        name in ("umount", "pivot_root", "poweroff", "reboot", "halt", "kexec")
        or (name == "mount" and re.search(r"\bremount\b", " ".join(options)) and re.search(r"\bro\b", " ".join(options)))
        or (name == "fuser" and _sparing(" ".join(words)) != " ".join(words))
    )


def patched(path, text, number=None):
    """A script that is as it came, with what is wanted of it; the session is saved before the line `number`."""
    lines = text.split("\n")
    parts = dict(_logical(path, lines, strict=False))
    made = []
    for at, line in enumerate(lines):
        if at == number:
            made += [ADDED, HOOK]
        spared = _spared(line)
        if spared != line and parts.get(at) != _code(line):
            raise _unknown(path, at, "goes on in another line")
        made += [line] if spared == line else [CHANGED + line, spared]
    return "\n".join(made)


def original(path, text, hook=HOOK):
    """A script as it was before it was patched, with what others have changed since."""
    lines, made = iter(enumerate(text.split("\n"), 1)), []
    for _number, line in lines:
        if line == ADDED:
            _expect(path, lines, hook)
        elif line.startswith(CHANGED):
            made.append(line[len(CHANGED) :])
            _expect(path, lines, _spared(made[-1]))
        else:
            made.append(line)
    return "\n".join(made)


def _expect(path, lines, expected):
    number, line = next(lines, (0, None))
    if line != expected:
        raise OverlayrootError(f"{path}:{number}", f"was {expected!r}, and was edited by hand", "Write it so again")


def _logical(path, lines, strict=True):
    """(number of its first line, code) of each line, continued ones as one."""
    first, code = None, ""
    for number, line in enumerate(lines):
        part = _code(line)
        first = number if first is None else first
        if line.endswith("\\") and part == line:
            code += part[:-1] + " "
            continue
        if strict and line[len(part) :][:1] not in ("", "#"):
            raise _unknown(path, number, "has a quotation that goes on in another line")
        yield first, code + part
        first, code = None, ""


def _code(line):
    """A line without its comment."""
    if line.endswith("\\"):
        return line
    return _CODE.match(line).group()


def _commands(path, number, code):
    """(words, the operator behind them) of each simple command."""
    words = []
    for token in _TOKEN.findall(code):
        if token[0] not in ";&|()<>":
            words.append(token)
        elif "<<" in token:
            raise _unknown(path, number, "has a here-document")
        elif not set(token) & set("<>"):
            if words or token.startswith("()"):
                yield words or [""], token
            words = []
    if words:
        yield words, ""


def _spared(line):
    """A line whose fuser kills no more who uses a file system: it may be what serves the root."""
    code = _code(line)
    return _FUSER.sub(lambda match: _sparing(match.group()), code) + line[len(code) :]


def _sparing(command):
    options = re.findall(r"\s-(\S+)", command)
    letters = "".join(option for option in options if option.islower())
    if "k" not in letters or not {"m", "c"}.intersection(letters):
        return command
    # The signal goes with what sends it.
    command = re.sub(r"\s-(\d+|[A-Z]\w*)(?=\s|$)", "", command)
    command = re.sub(r"(?<=\s)-[a-z]*k[a-z]*(?=\s|$)", lambda match: match.group().replace("k", ""), command)
    return re.sub(r"\s-(?=\s|$)", "", command)


def _unknown(path, number, problem):
    return OverlayrootError(
        f"{path}:{number + 1}",
        f"{problem}, so it is not known where the session is to be saved",
        f"Put the line {HOOK!r} where all else has stopped and nothing is unmounted yet",
    )
