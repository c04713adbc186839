# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: status_table
short_description: Show the roots of hosts as a table
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Makes an aligned table with a line for each host from what M(labs.overlayroot.union_info) returned for it.
positional: _input
options:
  _input:
    description:
      - The variables of the hosts. Each host has C(inventory_hostname), and C(overlayroot_info) with what
        M(labs.overlayroot.union_info) returned without O(labs.overlayroot.union_info#module:path).
      - A host without C(overlayroot_info), or where the module failed, is shown as C(unknown), one that could not be
        reached as C(unreachable).
    type: list
    elements: dict
    required: true
seealso:
  - plugin: labs.overlayroot.status_problem
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at the hosts
  labs.overlayroot.union_info:
  register: overlayroot_info
  ignore_unreachable: true

- name: Show them
  ansible.builtin.debug:
    msg: "{{ ansible_play_hosts_all | map('extract', hostvars) | labs.overlayroot.status_table }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - The lines of the table, the heads of the columns first. C(-) stands where there is nothing to say.
    - C(upper) is how much of the bytes for the root's upper is used, and C(lacking) names the kernels whose
      initramfs lacks something.
  type: list
  elements: str
  sample:
    - host     protected    backend  persistence  generation  upper  lacking         reason
    - kiosk-1  yes          overlay  none         0           3%     -               -
    - kiosk-2  no           overlay  upper        0           -      6.1.0-40-amd64  data file system sdb1 not found
    - kiosk-3  unreachable  -        -            -           -      -               Connection timed out
"""

from ansible_collections.labs.overlayroot.plugins.plugin_utils import _status

HEAD = ("host", "protected", "backend", "persistence", "generation", "upper", "lacking", "reason")


def status_table(hosts):
    rows = [HEAD, *map(_row, hosts)]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _row(host):
    info = host.get("overlayroot_info", {})
    root = info.get("root") or {}
    cells = (
        host["inventory_hostname"],
        _status.protected(info),
        *(root.get(name) for name in ("backend", "persistence", "generation")),
        _upper(info),
        ",".join(_status.lacking(info)),
        _status.reason(info),
    )
    return tuple(cell or "-" for cell in cells)


def _upper(info):
    for union in info.get("unions", ()):
        usage = union["usage"]
        if union["path"] == "/" and usage and usage["size_bytes"]:
            return f"{100 * usage['used_bytes'] / usage['size_bytes']:.0f}%"
    return None


class FilterModule:
    def filters(self):
        return {"status_table": status_table}
