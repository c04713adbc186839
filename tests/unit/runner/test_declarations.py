# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
GALAXY = yaml.safe_load((ROOT / "galaxy.yml").read_text())
REQUIREMENTS = yaml.safe_load((ROOT / "requirements.yml").read_text())
RUNTIME = yaml.safe_load((ROOT / "meta/runtime.yml").read_text())


def texts():
    for folder in ("plugins", "roles", "playbooks"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".yml", ".py"):
                yield path.read_text()


def test_what_galaxy_installs_is_what_the_requirements_name():
    assert {each["name"]: each["version"] for each in REQUIREMENTS["collections"]} == GALAXY["dependencies"]


def test_every_collection_that_is_needed_is_used():
    everything = "\n".join(texts())
    assert [name for name in GALAXY["dependencies"] if f"{name}." not in everything] == []


def test_every_module_is_in_the_action_group():
    modules = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
    assert RUNTIME["action_groups"]["all"] == modules
