# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import layout, plan, store
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import checksums
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils.fake_host import FakeHost, mount

WEB = layout.DATA + "/targets/web"
NEW = {"label": "shutdown", "format": "overlay", "session": True}
LAYERS = {
    "damaged": None,
    "damaged.json": "{",
    "new": None,
    "new.json": json.dumps(NEW),
    "old": None,
    "old.json": '{"sha256": "1"}',
    "unnoted": None,
    # The next boot makes that layer.
    "wanted.json": json.dumps(NEW),
}


def host(top, layers):
    folders = {top: {}, f"{top}/layers": layers, f"{top}/generations": {}, f"{top}/boot": {}}
    return FakeHost(small_files=folders, mounts=(mount(1, 0, "/"), mount(2, 1, layout.DATA)))


def wanted(top):
    return checksums.wanted({"store": None if top == store.TOP else top})


@pytest.mark.parametrize("top", [store.TOP, WEB])
def test_what_is_missing_is_noted_and_nothing_else(top):
    seen = host(top, LAYERS).see(checksums.sight(wanted(top)))
    (read,) = checksums.lacking(seen, wanted(top))
    assert (read.layer, read.about) == ("new", NEW)
    assert checksums.show(seen, wanted(top)) == {"lacking": ["new"]}
    noted = read._replace(checksum="2")
    (step,) = checksums.plan(seen, noted)
    assert (step.path, json.loads(step.content)) == (f"{top}/layers/new.json", {**NEW, "sha256": "2"})
    plan.check((step,), checksums.asked(noted))
    assert checksums.check_apply(seen, (step,)) is None
    after = plan.simulate(seen, (step,))
    assert (checksums.plan(after, noted), checksums.show(after, noted)) == ((), {"lacking": []})


@pytest.mark.parametrize(
    "layers",
    [{}, {"new": None, "new.json": json.dumps({**NEW, "sha256": "3"})}, {"new": None, "new.json": json.dumps({**NEW, "label": "again"})}],
    ids=["given up", "noted by somebody else", "another one of that name"],
)
def test_what_became_of_a_layer_while_it_was_read(layers):
    (read,) = checksums.lacking(host(store.TOP, LAYERS).see(checksums.sight(wanted(store.TOP))), wanted(store.TOP))
    seen = host(store.TOP, layers).see(checksums.sight(read))
    assert checksums.plan(seen, read._replace(checksum="2")) == ()


def test_a_store_that_is_not_there():
    seen = host(store.TOP, LAYERS).see(checksums.sight(wanted(WEB)))
    with pytest.raises(OverlayrootError, match=f"^store {WEB}: is not there."):
        checksums.lacking(seen, wanted(WEB))
