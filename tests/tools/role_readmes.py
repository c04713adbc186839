# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes into the README of each role what its argument spec says: role_readmes.py [--check]

The rest of a README, its example above all, is written by hand. With --check nothing is written, and
the exit code says whether something would be.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
BEGIN = "<!-- made by tests/tools/role_readmes.py from meta/argument_specs.yml: begin -->\n"
END = "<!-- end -->\n"


def main(arguments: list[str]) -> int:
    stale = [role for role in roles() if current(role) != wanted(role)]
    for role in stale:
        print(f"roles/{role}/README.md is not what its argument spec says")
        if "--check" not in arguments:
            readme(role).write_text(wanted(role), encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


def roles() -> list[str]:
    return sorted(path.name for path in ROLES.iterdir())


def readme(role: str) -> Path:
    return ROLES / role / "README.md"


def spec(role: str) -> dict:
    text = (ROLES / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text)["argument_specs"]["main"]


def current(role: str) -> str:
    return readme(role).read_text(encoding="utf-8")


def wanted(role: str) -> str:
    before, _begin, rest = current(role).partition(BEGIN)
    _old, _end, after = rest.partition(END)
    return before + BEGIN + "\n" + "".join(made(spec(role))) + "\n" + END + after


def made(given: dict) -> Iterator[str]:
    for paragraph in given["description"]:
        yield plain(paragraph) + "\n\n"
    yield "| variable | type | default | meaning |\n| --- | --- | --- | --- |\n"
    yield from rows(given["options"])


def rows(options: dict, prefix: str = "") -> Iterator[str]:
    for name, option in options.items():
        cells = (f"`{prefix}{name}`", type_of(option), default_of(option), meaning(option))
        yield "| " + " | ".join(cells) + " |\n"
        yield from rows(option.get("options", {}), f"{prefix}{name}[].")


def type_of(option: dict) -> str:
    kind = option["type"]
    return f"{kind} of {option['elements']}" if kind == "list" else kind


def default_of(option: dict) -> str:
    if option.get("required"):
        return "required"
    return f"`{yaml.safe_dump(option['default'], default_flow_style=True).split(chr(10))[0]}`" if "default" in option else ""


def meaning(option: dict) -> str:
    description = option["description"]
    text = plain(description if isinstance(description, str) else " ".join(description))
    choices = ", ".join(f"`{choice}`" for choice in option.get("choices", ()))
    return f"{text} One of {choices}." if choices else text


def plain(text: str) -> str:
    """Ansible's markup as Markdown: C(x), O(x), V(x), M(x) and P(x#role) are all code here."""
    return re.sub(r"\b[CMOPV]\(([^)#]*)(?:#\w+)?\)", r"`\1`", text)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
