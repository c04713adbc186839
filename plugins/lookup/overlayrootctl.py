# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: overlayrootctl
short_description: Make the command overlayrootctl
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Makes the one file that is the command C(overlayrootctl) on a managed host, from the Python that the modules of this
    collection run.
  - The same release of the collection always makes the same file.
  - The role P(labs.overlayroot.initramfs#role) puts it on a host.
seealso:
  - module: labs.overlayroot.root_union
"""

EXAMPLES = r"""
- name: Put the boot hook and the command on a host
  labs.overlayroot.root_union:
    command: "{{ lookup('labs.overlayroot.overlayrootctl') }}"
    manual: "{{ lookup('ansible.builtin.file', 'overlayrootctl.8', rstrip=false) }}"
    completion: "{{ lookup('ansible.builtin.file', 'overlayrootctl.bash', rstrip=false) }}"
    library: "{{ lookup('ansible.builtin.file', 'overlayroot.sh', rstrip=false) }}"
    adapters:
      initramfs_tools:
        boot: "{{ lookup('ansible.builtin.file', 'initramfs-tools-boot.sh', rstrip=false) }}"
        build: "{{ lookup('ansible.builtin.file', 'initramfs-tools-build.sh', rstrip=false) }}"
      dracut:
        boot: "{{ lookup('ansible.builtin.file', 'dracut-boot.sh', rstrip=false) }}"
        build: "{{ lookup('ansible.builtin.file', 'dracut-build.sh', rstrip=false) }}"
      busybox:
        boot: "{{ lookup('ansible.builtin.file', 'initrd-boot.sh', rstrip=false) }}"
        build: "{{ lookup('ansible.builtin.file', 'initrd-init.sh', rstrip=false) }}"
    halt_script: "{{ lookup('ansible.builtin.file', 'halt.sh', rstrip=false) }}"
"""

RETURN = r"""
_raw:
  description:
    - The file, in base64.
  type: list
  elements: str
"""

import base64

from ansible.plugins.lookup import LookupBase
from ansible_collections.labs.overlayroot.plugins.plugin_utils._archive import archive


class LookupModule(LookupBase):
    def run(self, terms, variables=None, **kwargs):
        return [base64.b64encode(archive()).decode("ascii")]
