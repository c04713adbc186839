# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import State
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import BuildInitramfs, MakeDir
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import ROOT, mount

PLAIN = State(mounts=(ROOT,))
UNION = State(mounts=(mount(1, 0, "/", "overlay", "lowerdir=/b"), mount(2, 1, layout.BASE)))
STEPS = (MakeDir("/etc/b"), MakeDir("/etc/a"), BuildInitramfs("6.1"))


def test_a_union_that_the_boot_hook_did_not_make():
    assert not layout.is_union(State(mounts=(mount(1, 0, "/", "overlay", "lowerdir=/b"),)))


def test_where_the_base_is():
    assert layout.base(PLAIN, "/etc/x") == "/etc/x"
    assert layout.base(UNION, "/etc/x") == "/run/initramfs/overlayroot/base/etc/x"


@pytest.mark.parametrize("state", [PLAIN, UNION])
def test_a_sight_of_both_has_the_base(state):
    assert layout.base(state, "/etc/x") in layout.both(["/etc/x"])


def test_what_can_be_changed():
    layout.check_changeable(PLAIN, STEPS)
    layout.check_changeable(UNION, ())


def test_what_cannot_be_changed():
    with pytest.raises(OverlayrootError) as caught:
        layout.check_changeable(UNION, STEPS)
    assert str(caught.value) == (
        "the root union: this host runs protected, and files of its base would have to change: "
        "/boot/initrd.img-6.1, /etc/a, /etc/b. Boot it without the union first: the role provision does that by "
        "itself, the playbook maintain for you."
    )
