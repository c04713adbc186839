# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a gate is: steps, a time limit, and what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import counts
from .counts import Counts

JUNIT = "tests/output/junit"


def from_exit(_tree: Path, _output: str) -> Counts:
    """Nothing to count: the exit code is the one result."""
    return Counts()


def from_junit(tree: Path, _output: str) -> Counts:
    return sum((counts.junit(path.read_text()) for path in sorted((tree / JUNIT).glob("*.xml"))), Counts())


def from_integration(_tree: Path, output: str) -> Counts:
    return counts.integration(output)


def from_shell(_tree: Path, output: str) -> Counts:
    return counts.shell(output)


def from_molecule(_tree: Path, output: str) -> Counts:
    return counts.molecule(output)


@dataclass(frozen=True)
class Step:
    """A command, written as for a shell; how to count its tests; and how the lines that tell of a failure begin."""

    command: str
    count: Callable[[Path, str], Counts] = from_exit
    telling: str = ""


@dataclass(frozen=True)
class Gate:
    """The steps run in a copy of the collection; where the probe fails the gate is skipped for want of the need.

    Of its guests, as many as that are busy at a time.
    """

    name: str
    minutes: float
    steps: tuple[Step, ...]
    rescue: tuple[Step, ...] = ()
    packages: tuple[str, ...] = ()
    probe: str = "true"
    need: str = ""
    guests: int = 0
