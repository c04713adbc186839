#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: root_union
short_description: Make the root of a host a union from its next boot on
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Writes C(/etc/overlayroot/boot.conf), the boot library and its adapter for initramfs-tools or dracut, and makes the
    initramfs of each kernel anew that lacks something.
  - Puts the command C(overlayrootctl) into C(/usr/local/sbin), with its manual page and its completion for bash.
  - Refuses to work beside others that make the root a union, such as the Debian packages overlayroot, bilibop-lockfs
    and live-boot.
  - With O(state=absent) takes all of it away. The initramfs that a kernel had before is put back where nothing that it
    is made of has changed since.
  - On a host that runs protected the base's own files are compared. Where they would have to change, the module fails
    outside check mode. The role P(labs.overlayroot.provision#role) then boots the host without its union first.
  - The role P(labs.overlayroot.initramfs#role) calls this module with the files it needs.
extends_documentation_fragment:
  - labs.overlayroot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  state:
    description:
      - Whether the root is to be a union.
    type: str
    choices: [present, absent]
    default: present
  backend:
    description:
      - What joins the base and the upper of the root. Every kernel with an initramfs must have it, or the fallback.
      - V(unionfs_fuse) is the package unionfs-fuse, which has to be installed, on a host whose init system is not busybox's.
      - When it is changed, an upper on the disk and the saved layers stay as they are, whatever had written them.
      - Other file systems that become unions are joined by overlayfs in any case.
    type: str
    choices: [overlay, aufs, unionfs_fuse]
    default: overlay
  backend_fallback:
    description:
      - What a boot takes whose kernel does not have O(backend). Empty for a boot that fails.
    type: str
    choices: ["", overlay, aufs, unionfs_fuse]
    default: ""
  persistence:
    description:
      - V(none) keeps the upper in RAM, so that every boot starts from the base.
      - V(session) keeps it in RAM, and makes it a layer on O(data) when the host goes down.
      - V(upper) keeps it on O(data) until it is reset.
    type: str
    choices: [none, session, upper]
    default: none
  data:
    description:
      - The data file system, as a device, C(UUID=) or C(LABEL=). It holds the upper, saved layers and kept folders.
    type: str
    default: ""
  data_type:
    description:
      - The type of a data file system that is not there yet. One that is there is looked at.
    type: str
    default: ""
  data_options:
    description:
      - Mount options of the data file system.
    type: str
    default: noatime
  ram_size:
    description:
      - Size of an upper in RAM, as a percentage of the memory, or in bytes with C(k), C(m) or C(g).
    type: str
    default: 50%
  ram_inodes:
    description:
      - How many files an upper in RAM can hold. V(0) leaves it to the kernel.
    type: int
    default: 0
  on_failure:
    description:
      - What a boot does whose union fails. V(open) goes on without it, and the boot record says so.
      - V(closed) ends in the initramfs's shell, or in a reboot after N seconds with C(panic=N) on the kernel command
        line.
    type: str
    choices: [open, closed]
    default: open
  options:
    description:
      - Options of overlayfs, as for M(labs.overlayroot.overlay_mount).
    type: dict
    default: {}
  keep_generations:
    description:
      - How many generations the host keeps. Each save gives up the oldest ones beyond that, and the layers that no other
        one needs. What is booted now, next or by default stays, and so does what a union shows.
      - V(0) keeps any number; where O(keep_days) and O(keep_size) say nothing either, three with O(persistence=session).
    type: int
    default: 0
  keep_days:
    description:
      - A save gives up what was saved more days ago than that; V(0) keeps what is of any age.
    type: int
    default: 0
  keep_size:
    description:
      - What all layers may hold, in bytes with C(k), C(m) or C(g). A save gives up the oldest ones beyond that; the layer
        that it makes counts from the next save on.
      - Empty for no limit.
    type: str
    default: ""
  fold_seconds:
    description:
      - A host with O(persistence=session) that goes down makes one layer of all sessions, once the last one is saved. So many
        seconds after the save has begun that is given up, and the session is a layer of its own until the next one is saved.
      - With V(0) each session stays a layer of its own. The kernel takes some fifty of them.
    type: int
    default: 90
  targets:
    description:
      - Unions besides the root's, such as those of subhosts and containers, whose uppers are saved as well when a host with
        O(persistence=session) goes down. Each has a store of its own, and does no harm to the others when it fails.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - What the console and the report of the shutdown call it.
        type: str
        required: true
      upper:
        description:
          - The upper of the union, a folder in C(/run), which is in RAM. One on a disk lasts by itself.
        type: str
        required: true
      store:
        description:
          - The store, a folder on the data file system. C(targets/NAME) unless it is given.
        type: str
  library:
    description:
      - Text of the boot library.
    type: str
    required: true
  adapters:
    description:
      - What each tool that makes an initramfs needs. The host gets what is for the one that it has; where it has several,
        the first one here.
    type: dict
    required: true
    suboptions:
      initramfs_tools:
        description:
          - For initramfs-tools.
        type: dict
        required: true
        suboptions:
          boot:
            description:
              - Text of the script that the initramfs runs.
            type: str
            required: true
          build:
            description:
              - Text of what puts library, tools and modules into an initramfs.
            type: str
            required: true
      dracut:
        description:
          - For dracut.
        type: dict
        required: true
        suboptions:
          boot:
            description:
              - Text of the script that the initramfs runs.
            type: str
            required: true
          build:
            description:
              - Text of what puts library, tools and modules into an initramfs.
            type: str
            required: true
      busybox:
        description:
          - For an image of busybox and kernel modules, which is made where there is neither of the two.
        type: dict
        required: true
        suboptions:
          boot:
            description:
              - Text of the script that the initramfs runs.
            type: str
            required: true
          build:
            description:
              - Text of what puts library, tools and modules into an initramfs.
            type: str
            required: true
  halt_script:
    description:
      - Text of the script that saves a session when the host goes down.
    type: str
    required: true
  command:
    description:
      - The file C(overlayrootctl), in base64, as the lookup P(labs.overlayroot.overlayrootctl#lookup) makes it.
    type: str
    required: true
  manual:
    description:
      - Text of the manual page of C(overlayrootctl).
    type: str
    required: true
  completion:
    description:
      - Text of the completion of C(overlayrootctl) for bash.
    type: str
    required: true
seealso:
  - module: labs.overlayroot.mount_policies
  - module: labs.overlayroot.boot_next
"""

EXAMPLES = r"""
- name: Keep the changes of the root on a disk, and do not start without it
  labs.overlayroot.root_union:
    persistence: upper
    data: LABEL=overlayroot
    on_failure: closed
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
    command: "{{ lookup('labs.overlayroot.overlayrootctl') }}"
    manual: "{{ lookup('ansible.builtin.file', 'overlayrootctl.8', rstrip=false) }}"
    completion: "{{ lookup('ansible.builtin.file', 'overlayrootctl.bash', rstrip=false) }}"
"""

RETURN = r"""
protected:
  description: Whether the host runs on its root union now.
  returned: success
  type: bool
  sample: false
conf:
  description: The configuration for the next boot.
  returned: success
  type: dict
  sample:
    backend: overlay
    persistence: none
    on_failure: open
files:
  description: Which of the files of the boot hook and the command the base has.
  returned: success
  type: list
  elements: str
  sample: [/usr/local/lib/overlayroot/overlayroot.sh]
backends:
  description: For each kernel, the backend that its boots take; null where it has none that was asked for.
  returned: success
  type: dict
  sample:
    6.12.0-1-amd64: overlay
initramfs:
  description: For each kernel, whether its initramfs starts the union.
  returned: success
  type: dict
  sample:
    6.12.0-1-amd64: true
steps:
  description: What was done, or in check mode would be.
  returned: success, or failure after steps were done
  type: list
  elements: dict
  sample:
    - step: build_initramfs
      path: /boot/initrd.img-6.12.0-1-amd64
undone:
  description: What was undone after a step failed.
  returned: failure after steps were done
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.labs.overlayroot.plugins.module_utils import _entry
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import root_union


def main():
    _entry.run(root_union)


if __name__ == "__main__":
    main()
