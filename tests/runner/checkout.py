# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The working copy, and where in it things that can be made again are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    root: Path

    @property
    def cache(self) -> Path:
        return self.root / ".cache"

    @property
    def venv(self) -> Path:
        return self.cache / "venv"

    @property
    def collections(self) -> Path:
        return self.cache / "collections"

    @property
    def logs(self) -> Path:
        return self.cache / "logs"

    @property
    def needs(self) -> list[tuple[str, str]]:
        """The collections that this one needs, as (namespace, name)."""
        text = (self.root / "requirements.yml").read_text()
        return re.findall(r"name: (\w+)\.(\w+)$", text, re.MULTILINE)

    @property
    def version(self) -> str:
        text = (self.root / "galaxy.yml").read_text()
        return re.findall(r"^version: (\S+)$", text, re.MULTILINE)[0]

    @property
    def machines(self) -> list[str]:
        """The tests that break a machine, each with one of its own."""
        return sorted(path.stem[len("test_") :] for path in self.root.glob("tests/scenarios/test_*.py"))

    @property
    def scenarios(self) -> list[str]:
        return sorted(path.parent.name for path in self.root.glob("molecule/*/molecule.yml"))


HERE = Checkout(Path(__file__).resolve().parents[2])
