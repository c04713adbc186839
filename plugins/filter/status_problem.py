# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: status_problem
short_description: Say what keeps the root of a host from being protected
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Says on one line what is wrong with the root of a host that is meant to be a union, and what to do about it.
positional: _input
options:
  _input:
    description:
      - What M(labs.overlayroot.union_info) returned without O(labs.overlayroot.union_info#module:path), also where it
        failed or could not reach the host.
    type: dict
    required: true
seealso:
  - plugin: labs.overlayroot.status_table
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Look at the host
  labs.overlayroot.union_info:
  register: overlayroot_info

- name: Fail where something is wrong
  ansible.builtin.assert:
    that: (overlayroot_info | labs.overlayroot.status_problem) == ""
    fail_msg: "{{ overlayroot_info | labs.overlayroot.status_problem }}"
"""

RETURN = r"""
_value:
  description:
    - The line. Empty for a host that is protected and whose kernels would all start the union, and for one that is
      not provisioned.
  type: str
  sample: >-
    the root is not protected: data file system LABEL=overlayroot not found. Remove the cause and reboot the host.
"""

from ansible_collections.labs.overlayroot.plugins.plugin_utils import _status


def status_problem(info):
    return " ".join(_problems(info))


def _problems(info):
    protected, reason = _status.protected(info), _status.reason(info) or "no reason is known"
    if protected == "unreachable":
        yield f"the host cannot be reached: {reason}. Start it, or look at its console."
    if protected == "unknown":
        yield f"the state of the host cannot be read: {reason}. Remove the cause and look again."
    if protected == "no":
        yield f"the root is not protected: {reason}. Remove the cause and reboot the host."
    for kernel, missing in _status.lacking(info).items():
        yield f"the initramfs of {kernel} lacks {', '.join(missing)}. Run the playbook labs.overlayroot.provision."


class FilterModule:
    def filters(self):
        return {"status_problem": status_problem}
