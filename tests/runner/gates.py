# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gates: what each one runs, and for how long at most."""

from __future__ import annotations

from .checkout import Checkout
from .gate import JUNIT, Gate, Step, from_integration, from_junit, from_molecule, from_shell


def gates(checkout: Checkout) -> list[Gate]:
    """All of them, those that take longest first."""
    return [
        *(scenario(name) for name in checkout.scenarios),
        *(machine(name) for name in sorted(checkout.machines, key=SHORT.__contains__)),
        SANITY,
        INTEGRATION,
        SUBHOSTS,
        build(checkout.version),
        LINT,
        OLDEST,
        UNIT,
        SHELL,
    ]


# The machines that are soon done: no processor is left alone with a long one at the end.
SHORT = ("crash", "lvm", "readme")

ON_GUESTS = {"guests": 1, "probe": "qemu-system-x86_64 --version", "need": "qemu for x86-64"}

# Its machines take as long as all others together; each kind of them is looked at by another gate, but not in every way.
MATRIX = {
    "guests": 2,
    "probe": """sh -c 'test -n "$OVERLAYROOT_MATRIX$OVERLAYROOT_AUFS_KERNEL" && qemu-system-x86_64 --version'""",
    "need": "qemu for x86-64, and OVERLAYROOT_MATRIX=1, since it takes an hour where processors are emulated",
}

# Molecule looks for its shared config beside .git, which the copied tree does not have.
MOLECULE = "molecule --base-config .config/molecule/config.yml"


def scenario(name: str) -> Gate:
    return Gate(
        name=f"molecule-{name}",
        minutes=85 if name == "matrix" else 40,
        steps=(Step(f"{MOLECULE} test --scenario-name {name}", from_molecule),),
        rescue=(Step(f"{MOLECULE} destroy --scenario-name {name}"),),
        **(MATRIX if name == "matrix" else ON_GUESTS),
    )


def machine(name: str) -> Gate:
    return Gate(
        name=f"vm-{name}",
        minutes=40,
        steps=(Step(f"pytest --rootdir=. --durations=20 --junitxml={JUNIT}/{name}.xml tests/scenarios/test_{name}.py", from_junit),),
        **ON_GUESTS,
    )


SANITY = Gate(
    name="sanity",
    minutes=25,
    steps=(Step("ansible-test sanity --color no --junit", from_junit, telling="ERROR: "),),
)

INTEGRATION = Gate(
    name="integration",
    minutes=25,
    # A mount namespace of its own: what a target mounts is gone when it ends.
    steps=(
        Step(
            "unshare --mount"
            " ansible-test integration --color no --allow-root --allow-destructive --continue-on-error",
            from_integration,
        ),
    ),
    packages=("cpio", "squashfs-tools"),
    probe="unshare --mount true",
    need="root, with the right to mount",
)

SUBHOSTS = Gate(
    name="subhosts",
    minutes=25,
    steps=(
        Step(
            "pytest --rootdir=. --import-mode=importlib -o pythonpath=../../.."
            f" --junitxml={JUNIT}/subhosts.xml tests/subhosts",
            from_junit,
        ),
    ),
    packages=("iproute2", "openssh-client"),
    probe="unshare --mount --net true",
    need="root, with the right to mount and to make networks",
)


def build(version: str) -> Gate:
    return Gate(
        name="build",
        minutes=5,
        steps=(
            Step("ansible-galaxy collection build --output-path .."),
            Step(f"python -m galaxy_importer.main ../labs-overlayroot-{version}.tar.gz"),
        ),
    )


LINT = Gate(
    name="lint",
    minutes=25,
    steps=(
        Step("reuse lint --lines"),
        Step("yamllint --strict ."),
        Step("ansible-lint --profile production --offline --strict"),
        Step("antsibull-changelog lint"),
        Step("antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=all ."),
    ),
)

OLDEST = Gate(
    name="oldest",
    minutes=25,
    steps=(Step("ansible-test units --color no --venv --python 3.8", from_junit),),
    probe="python3.8 --version",
    need="Python 3.8",
)

UNIT = Gate(
    name="unit",
    minutes=25,
    steps=(
        Step(
            "pytest -n 2 --rootdir=. --import-mode=importlib -o pythonpath=../../.."
            f" --junitxml={JUNIT}/unit.xml tests/unit",
            from_junit,
        ),
    ),
    packages=("xfsprogs", "cpio", "squashfs-tools"),
)

SHELL = Gate(
    name="shell",
    minutes=25,
    steps=(
        Step("find . '(' -name '*.sh' -o -path ./.ci/run ')' -exec shellcheck -x {} +"),
        Step("sh tests/shell/run.sh", from_shell),
    ),
    packages=("busybox", "dash"),
    probe="sh -c 'dash -c : && busybox true'",
    need="dash and busybox",
)
