# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.descent import Level
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.helper import Helper

LEVEL = Level((), (), Level((), ()), "folder")


def work(source, target, version, way):
    os.write(target, os.read(source, 100))
    if version == [0]:
        raise OverlayrootError("name\udcff", "is odd", "Change it")
    if version == [1]:
        os._exit(1)
    return len(way), os.getpid(), [f"{number}\udcff" for number in range(version[0])]


@pytest.fixture(name="pipe")
def fixture_pipe():
    source, target = os.pipe()
    yield source, target
    os.close(source)
    os.close(target)


def test_work_is_done_over_there(pipe):
    with contextlib.closing(Helper(work)) as helper:
        os.write(pipe[1], b"passed on")
        helper.send(LEVEL, *pipe, (5000, 2), ["a", "b\udcff"])
        ((level, files, process, changed),) = helper.done(wait=True)
        assert (level, files, process) == (LEVEL, 2, helper.process)
        assert process != os.getpid()
        assert changed == [f"{number}\udcff" for number in range(5000)]
        assert os.read(pipe[0], 100) == b"passed on"
        assert not list(helper.done(wait=True))


@pytest.mark.parametrize(("version", "said"), [(0, "^/folder/name\udcff: is odd"), (1, "^/folder/: .* was killed")])
def test_its_end_is_told(pipe, version, said):
    with contextlib.closing(Helper(work)) as helper:
        os.write(pipe[1], b"x")
        helper.send(LEVEL, *pipe, (version,), [])
        with pytest.raises(OverlayrootError, match=said):
            list(helper.done(wait=True))
    with pytest.raises(ChildProcessError):
        os.waitpid(helper.process, 0)


def test_it_waits_for_no_more_than_it_can_hold(pipe):
    with contextlib.closing(Helper(work)) as helper:
        sent = 0
        while helper.is_free():
            helper.send(LEVEL, *pipe, (7,), [])
            sent += 1
        assert 1 < sent < 100
        os.write(pipe[1], b"x")
        assert len(list(helper.done(wait=True))) == sent
        assert helper.is_free()
