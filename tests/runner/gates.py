# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gates: what each one runs, for how long at most, and what it needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import counts
from .checkout import Checkout
from .counts import Counts

JUNIT = "tests/output/junit"


def from_exit(_tree: Path, _output: str) -> Counts:
    """Nothing to count: the exit code is the one result."""
    return Counts()


def from_junit(tree: Path, _output: str) -> Counts:
    return sum(map(counts.junit, _junit_files(tree)), Counts())


def from_targets(tree: Path, _output: str) -> Counts:
    return sum(map(counts.target, _junit_files(tree)), Counts())


def _junit_files(tree: Path) -> list[str]:
    return [path.read_text() for path in sorted((tree / JUNIT).glob("*.xml"))]


def from_shell(_tree: Path, output: str) -> Counts:
    return counts.shell(output)


def from_molecule(_tree: Path, output: str) -> Counts:
    return counts.molecule(output)


@dataclass(frozen=True)
class Step:
    argv: tuple[str, ...]
    count: Callable[[Path, str], Counts] = from_exit
    # The lines that tell of a failure, where they are not the last ones.
    telling: str = ""


@dataclass(frozen=True)
class Gate:
    name: str
    minutes: float
    steps: tuple[Step, ...]
    rescue: tuple[Step, ...] = ()
    packages: tuple[str, ...] = ()
    probe: tuple[str, ...] = ("true",)
    need: str = ""
    guests: bool = False


GUESTS = {"guests": True, "probe": ("qemu-system-x86_64", "--version"), "need": "qemu for x86-64"}


def gates(checkout: Checkout) -> list[Gate]:
    """All of them, those that take longest first."""
    return [
        *(scenario(name) for name in checkout.scenarios),
        VM,
        SANITY,
        INTEGRATION,
        build(checkout.version),
        LINT,
        UNIT,
        SHELL,
    ]


def scenario(name: str) -> Gate:
    # Molecule looks for its shared config beside .git, which the copied tree does not have.
    molecule = ("molecule", "--base-config", ".config/molecule/config.yml")
    return Gate(
        name=f"molecule-{name}",
        minutes=40,
        steps=(Step((*molecule, "test", "--scenario-name", name), from_molecule),),
        rescue=(Step((*molecule, "destroy", "--scenario-name", name)),),
        **GUESTS,
    )


VM = Gate(
    name="vm",
    minutes=40,
    steps=(Step(("pytest", "--rootdir=.", f"--junitxml={JUNIT}/vm.xml", "tests/scenarios"), from_junit),),
    **GUESTS,
)

SANITY = Gate(
    name="sanity",
    minutes=15,
    steps=(Step(("ansible-test", "sanity", "--color", "no", "--junit"), from_junit, telling="ERROR: "),),
)

INTEGRATION = Gate(
    name="integration",
    minutes=15,
    # A mount namespace of its own: what a target mounts is gone when it ends.
    steps=(
        Step(
            (
                *("unshare", "--mount", "ansible-test", "integration", "--color", "no"),
                *("--allow-root", "--allow-destructive", "--continue-on-error"),
            ),
            from_targets,
        ),
    ),
    probe=("unshare", "--mount", "true"),
    need="root, with the right to mount",
)

LINT = Gate(
    name="lint",
    minutes=10,
    steps=(
        Step(("reuse", "lint", "--lines")),
        Step(("yamllint", "--strict", ".")),
        Step(("ansible-lint", "--profile", "production", "--offline", "--strict")),
        Step(("antsibull-changelog", "lint")),
        Step(("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=all", ".")),
    ),
)

UNIT = Gate(
    name="unit",
    minutes=10,
    steps=(
        Step(
            (
                *("pytest", "-n", "2", "--rootdir=.", "--import-mode=importlib", "-o", "pythonpath=../../.."),
                *(f"--junitxml={JUNIT}/unit.xml", "tests/unit"),
            ),
            from_junit,
        ),
    ),
)

SHELL = Gate(
    name="shell",
    minutes=5,
    steps=(
        Step(("find", ".", "(", "-name", "*.sh", "-o", "-path", "./.ci/run", ")", "-exec", "shellcheck", "-x", "{}", "+")),
        Step(("sh", "tests/shell/run.sh"), from_shell),
    ),
    packages=("busybox", "dash"),
    probe=("sh", "-c", "dash -c : && busybox true"),
    need="dash and busybox",
)


def build(version: str) -> Gate:
    tarball = f"../labs-overlayroot-{version}.tar.gz"
    return Gate(
        name="build",
        minutes=5,
        steps=(
            Step(("ansible-galaxy", "collection", "build", "--output-path", "..")),
            Step(("python", "-m", "galaxy_importer.main", tarball)),
        ),
    )
