# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: subhost_addresses
short_description: Hand out the addresses of a network to subhosts
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Gives each subhost without C(ADDRESSES) one, by its place in the list. The first address of the network is left to the host,
    as their gateway.
positional: _input, network, bridge
options:
  _input:
    description:
      - The subhosts, as O(labs.overlayroot.subhosts#role:main:overlayroot_subhosts).
    type: list
    elements: dict
    required: true
  network:
    description:
      - The network. Where it is empty, nothing is handed out.
    type: str
    required: true
  bridge:
    description:
      - The bridge for those that have no C(CABLES).
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Say who gets what
  ansible.builtin.debug:
    msg: "{{ [{'name': 'web'}, {'name': 'mail'}] | labs.overlayroot.subhost_addresses('192.0.2.0/24', 'br0') }}"
"""

RETURN = r"""
_value:
  description:
    - The subhosts with their states and settings, O(_input) and what was handed out.
  type: list
  elements: dict
  sample:
    - name: web
      state: started
      settings:
        CABLES: br0=
        ADDRESSES: 192.0.2.2/24
        GATEWAY: 192.0.2.1
"""

from ansible.errors import AnsibleFilterError

try:
    import netaddr
except ImportError:
    netaddr = None


def subhost_addresses(subhosts, network, bridge=""):
    names = [subhost["name"] for subhost in subhosts]
    for name in names:
        if names.count(name) > 1:
            raise AnsibleFilterError(f"There are several subhosts with the name {name}. Give each one of its own.")
    network = _parsed(network) if network else None
    return [_with_address(subhost, place, network, bridge) for place, subhost in enumerate(subhosts)]


def _parsed(text):
    if netaddr is None:
        raise AnsibleFilterError("Addresses are handed out by the Python library netaddr. Install it on the controller.")
    try:
        return netaddr.IPNetwork(text)
    except (netaddr.AddrFormatError, ValueError) as error:
        raise AnsibleFilterError(f"{text} is no network: {error}. Write it as 192.0.2.0/24.") from error


def _with_address(subhost, place, network, bridge):
    settings = dict(subhost.get("settings") or {})
    if network is not None and "ADDRESSES" not in settings:
        # The first is the network's own, the second the gateway, the last one for all.
        if place + 2 > network.size - 2:
            raise AnsibleFilterError(f"{network} has no address left for the subhost {subhost['name']}. Use a larger network.")
        made = {"CABLES": f"{bridge}=", "ADDRESSES": f"{network[place + 2]}/{network.prefixlen}", "GATEWAY": str(network[1])}
        settings = {**made, **settings}
    return {"state": "started", **subhost, "settings": settings}


class FilterModule:
    def filters(self):
        return {"subhost_addresses": subhost_addresses}
