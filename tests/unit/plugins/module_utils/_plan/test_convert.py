# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.labs.overlayroot.plugins.module_utils._core import plan, policy
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import convert
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost

PARAMS = {"path": "/s/layers.aufs/a", "source": "/s/layers/a", "old": "overlay", "new": "aufs", "below": ["/s/layers/b", "/"]}
WANTED = convert.wanted(PARAMS)
HOST = FakeHost(folders=("/s/layers/a",), files={policy.PATH: "union - / 0:0 755 -\nunion home /home 0:0 755 -\nro srv /srv 0:0 755 -\n"})


def test_other_file_systems_are_left_out():
    seen = HOST.see(convert.sight(WANTED))
    (step,) = convert.plan(seen, WANTED)
    assert (step.show(), step.below, step.apart) == (
        {"step": "convert_layer", "path": "/s/layers.aufs/a"},
        ("/s/layers/b", "/"),
        ("/home",),
    )
    assert not step.destroys
    assert convert.show(seen, WANTED) == {"path": None}


def test_what_is_there_is_not_made_again():
    seen = HOST.see(convert.sight(WANTED))
    after = plan.simulate(seen, convert.plan(seen, WANTED))
    assert convert.plan(after, WANTED) == ()
    assert convert.show(after, WANTED) == {"path": "/s/layers.aufs/a"}
    there = HOST._replace(folders=("/s/layers.aufs/a",)).see(convert.sight(WANTED))
    assert convert.plan(there, WANTED) == ()
