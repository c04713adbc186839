#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: union_info
short_description: Report the unions of a host
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Reports every union that is mounted, as the kernel's own table shows it.
  - Reports what the boot hook did with the root, which layers and generations are saved, and what the initramfs of each
    kernel lacks to make the root a union.
extends_documentation_fragment:
  - labs.overlayroot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details:
      - It changes nothing.
  idempotent:
    support: full
options:
  path:
    description:
      - Report only the union that is mounted here, and nothing about the root.
    type: str
"""

EXAMPLES = r"""
- name: Look at the host
  labs.overlayroot.union_info:
  register: host

- name: Fail where the root is not protected
  ansible.builtin.assert:
    that: host.root.protected
    fail_msg: "{{ host.root.reason }}"

- name: Look at one union
  labs.overlayroot.union_info:
    path: /srv/course
"""

RETURN = r"""
unions:
  description: The mounted unions.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Where it is mounted.
      type: str
    backend:
      description: What makes it.
      type: str
    lower:
      description: The lowers, the topmost first, as they were named when it was mounted.
      type: list
      elements: str
    upper:
      description: The upper; null for a union without.
      type: str
    work:
      description: The work folder; null for a union without.
      type: str
    options:
      description: The options, those that the kernel does not show because they are its defaults included.
      type: dict
    read_only:
      description: Whether nothing can be written.
      type: bool
    upper_present:
      description: Whether there is something at the path of the upper. A union goes on writing to a file system that
        was unmounted from there.
      type: bool
    usage:
      description: How full the file system of the upper is; null for a union without upper, or that another mount hides.
      type: dict
      contains:
        size_bytes:
          description: Its size.
          type: int
        used_bytes:
          description: What is in use.
          type: int
        available_bytes:
          description: What users other than root can still write.
          type: int
        inodes:
          description: The number of files that it can hold; 0 where that is not limited.
          type: int
        inodes_used:
          description: The number of files in it.
          type: int
        inodes_free:
          description: The number of files that can still be made.
          type: int
  sample:
    - path: /srv/course
      backend: overlay
      lower: [/srv/layers/base]
      upper: /srv/session/upper
      work: /srv/session/work
      options:
        index: "off"
        metacopy: "off"
        nfs_export: "off"
        redirect_dir: "on"
        verity: "off"
      read_only: false
      upper_present: true
      usage:
        size_bytes: 1073741824
        used_bytes: 4096
        available_bytes: 1073737728
        inodes: 262144
        inodes_used: 3
        inodes_free: 262141
root:
  description:
    - What the boot hook recorded about the root; null on a host that is not provisioned.
    - Values other than C(protected) are the text of the record. C(reason) says why the root is not protected.
  returned: success, without O(path)
  type: dict
  contains:
    protected:
      description: Whether the root is a union.
      type: bool
    reason:
      description: Why it is not.
      type: str
  sample:
    protected: true
    reason: ""
    backend: overlay
    persistence: none
    generation: "0"
    layers: "0"
    on_failure: open
initramfs:
  description: Each installed kernel with an initramfs; empty on a host that is not provisioned.
  returned: success, without O(path)
  type: list
  elements: dict
  contains:
    kernel:
      description: The release of the kernel.
      type: str
    lacking:
      description: What its initramfs lacks to make the root a union.
      type: list
      elements: str
  sample:
    - kernel: 6.1.0-40-amd64
      lacking: []
store:
  description: What is saved on the data file system; null where there is none.
  returned: success, without O(path)
  type: dict
  contains:
    generations:
      description: >-
        The generations, each with its C(number) and its C(layers), the oldest layer first. A layer that ends in C(.squashfs) or
        C(.ext4) is an image, which hides the root device and the layers before it.
      type: list
      elements: dict
    current:
      description: The number of the generation that is booted; 0 is the bare base.
      type: int
    layers:
      description: The saved layers, each with its C(id) and what was noted about it.
      type: list
      elements: dict
  sample:
    generations:
      - number: 1
        layers: [course]
    current: 1
    layers:
      - id: course
session:
  description:
    - What became of the session when a host with the persistence V(session) went down last; null where nothing is noted.
  returned: success, without O(path)
  type: dict
  contains:
    result:
      description: >-
        V(saved); V(transit) where it was put aside and the boot made it a layer; V(discarded); V(lost); V(begun) where the save was
        cut off.
      type: str
    began:
      description: When the save began, in UTC.
      type: str
    seconds:
      description: How long it took, but for what was done later to fold it into the sessions before.
      type: int
    layer:
      description: The layer that it was saved as.
      type: str
    files:
      description: How many files that has, and links and devices.
      type: int
    bytes:
      description: What its files hold.
      type: int
    problem:
      description: Why it was lost.
      type: str
    targets:
      description:
        - Of each other union that was to be saved C(name), C(layer), C(files), C(bytes) and C(problem), and as C(result) V(saved),
          V(lost) or V(unchanged).
      type: list
      elements: dict
  sample:
    result: saved
    began: "2026-11-21T08:00:00Z"
    seconds: 4
    layer: session-20261121T080000Z
    files: 312
    bytes: 1048576
    problem: ""
    targets: []
"""

from ansible_collections.labs.overlayroot.plugins.module_utils._entry import report
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_info


def main():
    report(union_info)


if __name__ == "__main__":
    main()
