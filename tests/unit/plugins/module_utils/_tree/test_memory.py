# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import stat
import subprocess
import sys

import pytest
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import scratch

# A session is saved, and folded with the one that it is itself. A fork's share is its own: what a process was before it became
# another program counts as that one's. KiB.
MEMORY = """
import os, resource, sys
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import FoldLayers, SaveLayer
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.effects import EFFECTS

upper, layers = sys.argv[1:]
steps = [SaveLayer(name, (("/", upper, ()),), "", "overlay", above=layers, is_session=True) for name in ("1", "2")]
steps.append(FoldLayers("3", ("2", "1"), ("/",), "", layers))
if os.fork() == 0:
    for step in steps:
        EFFECTS[type(step)](step)
    os._exit(0)
assert os.wait()[1] == 0
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
MORE = 3 << 10


@pytest.fixture(name="place")
def fixture_place():
    with scratch() as folder:
        yield os.fsdecode(folder)


def memory(place, fill, files):
    """What it takes to save a session of so many files."""
    upper, layers = (f"{place}/{name}{files}" for name in ("upper", "layers"))
    os.mkdir(upper)
    os.mkdir(layers)
    fill(upper, files)
    argv = [sys.executable, "-c", MEMORY, upper, layers]
    done = subprocess.run(argv, env={"PYTHONPATH": os.pathsep.join(sys.path)}, stdout=subprocess.PIPE, check=True, timeout=300)
    assert len(os.listdir(layers)) == 6
    return int(done.stdout)


def written(upper, files):
    """Every other one has two names."""
    for number in range(files):
        path = f"{upper}/{number // 1000}/{number // 100}/a file with the number {number}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "wb").close()
        if number % 2:
            os.link(path, path + " of two")
    with open(f"{upper}/large", "wb") as stream:
        stream.write(os.urandom(files * 300))


def removed(upper, files):
    for number in range(files):
        os.mknod(f"{upper}/{number}", stat.S_IFCHR, 0)


@pytest.mark.parametrize(("fill", "few", "many"), [(written, 2_000, 40_000), (removed, 40_000, 70_000)])
def test_a_larger_session_takes_no_more_memory(place, fill, few, many):
    assert memory(place, fill, many) < memory(place, fill, few) + MORE
