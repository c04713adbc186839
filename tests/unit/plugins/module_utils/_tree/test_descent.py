# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.descent import Descent, Level
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.folder import Folder


@pytest.fixture(name="trees")
def fixture_trees(tmp_path):
    """Two folders; only the first holds the folder `there`, both hold `both`."""
    for path in ("one/there", "one/both", "other/both"):
        os.makedirs(tmp_path / path)
    with contextlib.ExitStack() as stack:
        paths = (tmp_path / "one", tmp_path / "other")
        yield tuple(
            stack.enter_context(contextlib.closing(Folder(os.open(path, os.O_RDONLY), layer))) for layer, path in enumerate(paths)
        )


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def level_of(folders, parent, name):
    return Level(folders, [], parent, name)


def test_folders_of_every_tree_are_entered(trees):
    with contextlib.closing(Descent(Level(trees, []))) as descent:
        descent.look_into(descent.levels[0], "both", level_of)
        assert descent.levels[-1].path() == "/both/"
        assert [os.listdir(folder.fd) for folder in descent.levels[-1].folders] == [[], []]


def test_a_folder_that_one_tree_lacks_leaves_none_open(trees):
    before = descriptors()
    with contextlib.closing(Descent(Level(trees, []))) as descent:
        with pytest.raises(FileNotFoundError):
            descent.look_into(descent.levels[0], "there", level_of)
        assert descriptors() == before


def test_a_folder_that_cannot_be_read_is_not_left_open(trees):
    def refuse(folders, parent, name):
        raise OSError("refused")

    before = descriptors()
    with contextlib.closing(Descent(Level(trees, []))) as descent:
        with pytest.raises(OSError, match="refused"):
            descent.look_into(descent.levels[0], "both", refuse)
        assert descriptors() == before
