# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.labs.overlayroot.plugins.filter.subhost_addresses import FilterModule

hand_out = FilterModule().filters()["subhost_addresses"]


def test_by_their_places():
    web, mail = hand_out([{"name": "web"}, {"name": "mail", "state": "stopped", "settings": {"CABLES": "= ="}}], "192.0.2.0/24", "br0")
    assert web == {
        "name": "web",
        "state": "started",
        "settings": {"CABLES": "br0=", "ADDRESSES": "192.0.2.2/24", "GATEWAY": "192.0.2.1"},
    }
    assert mail["state"] == "stopped"
    assert (mail["settings"]["CABLES"], mail["settings"]["ADDRESSES"]) == ("= =", "192.0.2.3/24")


def test_one_that_has_an_address_keeps_it():
    (found,) = hand_out([{"name": "web", "settings": {"ADDRESSES": "198.51.100.9/24"}}], "192.0.2.0/24")
    assert found["settings"] == {"ADDRESSES": "198.51.100.9/24"}


def test_none_are_handed_out_without_a_network():
    assert hand_out([{"name": "web"}], "") == [{"name": "web", "state": "started", "settings": {}}]


@pytest.mark.parametrize(
    "subhosts, network, message",
    [
        ([{"name": "a"}], "192.0.2.0/33", "is no network"),
        ([{"name": "a"}, {"name": "b"}], "192.0.2.0/30", "no address left for the subhost b"),
        ([{"name": "a"}, {"name": "a"}], "", "several subhosts with the name a"),
    ],
)
def test_bad_input(subhosts, network, message):
    with pytest.raises(AnsibleFilterError, match=message):
        hand_out(subhosts, network)
