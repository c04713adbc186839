# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import plan
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.initrd import Made
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import mkinitrd
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost
from hypothesis import given, settings
from hypothesis import strategies as st

PARAMS = {"path": "/srv/initrd.img", "kernel": "", "modules": "/lib/modules", "busybox": "/bin/busybox", "scripts": "/srv"}
WANTED = mkinitrd.wanted(PARAMS)


def seen(content, wanted="new"):
    state = FakeHost().see(mkinitrd.sight(WANTED))
    return state._replace(initrds={WANTED: Made("6.1", content, wanted)})


@given(st.sampled_from([None, "old", "new"]))
@settings(derandomize=True, database=None, deadline=None)
def test_a_second_run_has_nothing_to_do(content):
    steps = mkinitrd.plan(seen(content), WANTED)
    assert [step.show() for step in steps] == ([] if content == "new" else [{"step": "make_initrd", "path": "/srv/initrd.img"}])
    after = plan.simulate(seen(content), steps)
    assert mkinitrd.plan(after, WANTED) == ()
    assert mkinitrd.show(after, WANTED) == {"initrd": {"path": "/srv/initrd.img", "kernel": "6.1", "content": "new"}}


def test_a_folder_is_no_image():
    state = FakeHost(folders=("/srv/initrd.img",)).see(mkinitrd.sight(WANTED))
    with pytest.raises(OverlayrootError, match="/srv/initrd.img: is a folder. Name the file that is to be made"):
        mkinitrd.plan(state, WANTED)
