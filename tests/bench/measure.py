# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""What the benchmarks share: a calm machine, the collection's playbooks, medians and tables."""

import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS / "vm")]

from runner import tree  # noqa: E402  pylint: disable=wrong-import-position
from runner.checkout import HERE  # noqa: E402  pylint: disable=wrong-import-position
from runner.environment import environment  # noqa: E402  pylint: disable=wrong-import-position

CALM = 0.15
TICKS = os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def ansible():
    """The environment for Ansible's commands, with a copy of the collection and no configuration."""
    with tempfile.TemporaryDirectory(prefix="overlayroot-bench-") as name:
        top = Path(name)
        tree.grow(HERE, top)
        (top / "ansible.cfg").touch()
        more = {"ANSIBLE_CONFIG": str(top / "ansible.cfg"), "ANSIBLE_COLLECTIONS_PATH": str(top), "LC_ALL": "C.UTF-8"}
        # Seconds: a guest that counts its instructions answers slowly while the machine is busy.
        more["ANSIBLE_TIMEOUT"] = "180"
        env = {**environment(HERE, os.environ), **more}
        if shutil.which("ansible-playbook", path=env["PATH"]) is None:
            sys.exit("ansible-playbook is missing: run `make unit` once, which sets it up")
        yield env


def busy():
    """Seconds that the processors of this machine have worked since it booted."""
    with open("/proc/stat", encoding="ascii") as stat:
        _name, user, nice, system, _idle, _wait, irq, softirq, steal, *_rest = stat.readline().split()
    return sum(map(int, (user, nice, system, irq, softirq, steal))) / TICKS


def wait_for_calm(seconds, over=5.0):
    """Wait up to so many seconds until the processors have worked for less than CALM of `over` seconds."""
    deadline = time.monotonic() + seconds
    while True:
        began, before = time.monotonic(), busy()
        time.sleep(over)
        share = (busy() - before) / (time.monotonic() - began) / os.cpu_count()
        if share < CALM:
            return
        if time.monotonic() > deadline:
            say(f"measuring although the machine is {share:.0%} busy")
            return


def say(text):
    """One line of progress."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def table(head, rows):
    """Print a Markdown table; what is no text is printed as a number with two digits behind the point."""
    for cells in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(cell if isinstance(cell, str) else f"{cell:.2f}" for cell in cells) + " |")
    print(flush=True)


def median(values):
    """The median of some numbers."""
    return statistics.median(values)


def spread(values):
    """The median of some numbers, then the least and the greatest, as text."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
