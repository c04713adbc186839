# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of assignments in the format of overlay-boot 1.6, which are parsed and never given to a shell.

An assignment is a line `NAME=value`: the name is at the very beginning, blanks around the value do not count, the first
of several assignments does, and one that is empty is none. Other lines mean nothing. A backslash takes its
special meaning from the character after it. overlay-boot gives quotes, dollars and backquotes to a shell, more or less:
here a value may be in one pair of quotes, `$NAME` is a variable that the format knows, and what would be a command
is an error. `!` at the beginning of a value makes the rest a command, the first line of whose output is the value.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import OverlayrootError


class Assignment(NamedTuple):
    place: str  # of the line, for errors
    name: str
    text: str  # without the blanks around it

    @property
    def command(self):
        """The words of a command that gives the value, or None."""
        return tuple(self.text[1:].split()) if self.text.startswith("!") else None

    def value(self, variables):
        """What it means where `variables` have these values."""
        quote = self.text[:1] if self.text[:1] in ("'", '"') else ""
        body = self.text
        if quote:
            body = self._unquoted(quote)
            if quote == "'":
                return body
        return self._expanded(body, quote, variables)

    def fault(self, problem, cure):
        return OverlayrootError(f"{self.place}, {self.name}", problem, cure)

    def _unquoted(self, quote):
        match = re.fullmatch(r"'([^']*)'" if quote == "'" else r'"((?:[^"\\]|\\.)*)"', self.text)
        if match is None:
            raise self.fault("a quotation has no end, or something after it", "Put the whole value into one pair of quotes")
        return match.group(1)

    def _expanded(self, body, quote, variables):
        parts = re.findall(r"\\.|\$\{\w+\}|\$\w+|.", body, re.DOTALL)
        return "".join(self._part(part, quote, variables) for part in parts)

    def _part(self, part, quote, variables):
        if part == "\\":
            raise self.fault("a backslash ends the line", "Write the value on one line")
        if part.startswith("\\"):
            return part if quote and part[1] not in '"$`\\' else part[1]
        if part == "`" or part == "$":
            raise self.fault("a command of a shell, or a dollar that names nothing", "Write \\ before it if it is meant as it is")
        if part in ("'", '"') and not quote:
            raise self.fault("a quotation mark in the middle", "Put the whole value into one pair of quotes")
        if not part.startswith("$"):
            return part
        name = part.strip("${}")
        if name not in variables:
            raise self.fault(f"${name} has no value here", f"Use one of {', '.join(variables)}")
        return variables[name]


def parse(text, path, repeated=()):
    """{name: Assignment}, and a tuple of them for each name of `repeated`, which may have blanks after it."""
    found = {name: () for name in repeated}
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"(\w+)(\s*)=(.*)", line, re.DOTALL)
        if match is None or (match.group(2) and match.group(1) not in repeated):
            continue
        name, value = match.group(1), match.group(3).strip()
        assignment = Assignment(f"{path} line {number}", name, value)
        if name in repeated:
            found[name] += (assignment,)
        elif name not in found:
            found[name] = assignment
    return {name: value for name, value in found.items() if name in repeated or value.text}
