#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: union_diff
short_description: Report what an upper, a layer or a generation changes
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Reports what the upper of a union, or any layer, says about the layers below it, and what differs between two
    generations.
  - A file that was only copied up, with the same content and attributes, is no change. A file whose content was changed
    is one, even where its size and time are as before.
  - Of two generations only that is read which their own layers speak of, not what they share.
  - Names of hard links are compared one by one. Which names are links of the same file is not.
  - Access times, the times of status changes, and holes in files are not compared.
  - A union that is in use is read as it changes. What goes while it is looked at is left out.
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
      - Where a union of overlayfs is mounted. Its layers are those that the kernel shows.
      - One of O(path), O(upper), O(layer) and O(generation) is required.
    type: str
  upper:
    description:
      - The upper, or any layer, to be compared with those of O(lower).
    type: str
  lower:
    description:
      - All the layers that O(upper) was written over, the topmost first.
    type: list
    elements: str
  backend:
    description:
      - What wrote the layers of O(upper) and O(lower).
    type: str
    choices: [overlay, aufs, unionfs_fuse]
    default: overlay
  userxattr:
    description:
      - Whether the layers of O(upper) and O(lower) are those of an overlay with the option V(userxattr).
    type: bool
    default: false
  layer:
    description:
      - The name of a layer in the store of the host, to be compared with what it was written over.
    type: str
  generation:
    description:
      - The number of a generation in the store. Its topmost layer is compared with what is below that, unless O(since)
        names another generation.
    type: int
  since:
    description:
      - The generation that O(generation) is compared with, an older one or any other; V(0) is the bare base.
    type: int
  text:
    description:
      - Paths in the union, beginning with a slash, of files whose changes are to be shown as text.
    type: list
    elements: str
    default: []
  limit:
    description:
      - How many changes to list. They are all counted.
    type: int
    default: 1000
notes:
  - A layer of the store holds what was written to the root and, at their mount points, to other file systems that are
    unions. With O(layer) and O(generation), each of those that is mounted is compared over its own base. RV(compared)
    tells which layers and base these are.
  - A byte of a path that is no UTF-8 is written as C(\xNN), with two lower-case digits from C(80) to C(ff). A backslash
    stands for itself, except where that would be mistaken for such a byte; there it is C(\x5c). O(text) takes paths
    written so.
  - The text is made by the host's C(diff).
"""

EXAMPLES = r"""
- name: What has changed on the host since its upper was new
  labs.overlayroot.union_diff:
    path: /
    text:
      - /etc/fstab
      - /etc/ssh/sshd_config
  register: difference

- name: Only count
  labs.overlayroot.union_diff:
    path: /srv/course
    limit: 0

- name: What a saved layer changes
  labs.overlayroot.union_diff:
    layer: course

- name: All that the third generation has, and the first one has not
  labs.overlayroot.union_diff:
    generation: 3
    since: 1

- name: What one folder says about two others below it
  labs.overlayroot.union_diff:
    upper: /srv/layers/b
    lower:
      - /srv/layers/a
      - /srv/base
"""

RETURN = r"""
compared:
  description: What is compared with what.
  returned: success
  type: dict
  contains:
    new:
      description: V(now), or the layer or generation that was asked for.
      type: str
    old:
      description: V(below), or the generation of O(since).
      type: str
    file_systems:
      description:
        - For each file system that is looked at its mount point, and the layers of both, the topmost first. Some of
          the layers may hold nothing of it.
      type: list
      elements: dict
  sample:
    new: generation 2
    old: generation 1
    file_systems:
      - path: /
        new:
          - /run/initramfs/overlayroot/data/overlayroot/layers/course
          - /run/initramfs/overlayroot/data/overlayroot/layers/first
          - /run/initramfs/overlayroot/base
        old:
          - /run/initramfs/overlayroot/data/overlayroot/layers/first
          - /run/initramfs/overlayroot/base
changes:
  description:
    - What has changed, in the order of the names, each folder before what it holds.
    - What a deleted or replaced folder held is not listed. In a folder that is new, or was renamed, everything is listed.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The path in the union; V(/) is its root.
      type: str
    kind:
      description:
        - V(added), V(deleted), V(modified) for another content, V(type) for a file of another type.
        - V(attributes) where nothing but RV(changes[].attributes) differs.
        - V(opaque) for a folder that was replaced by another one. What it has lost is listed as V(deleted).
        - Of two generations, each file is told of as it is in O(generation) and was in O(since).
      type: str
    type:
      description:
        - V(file), V(directory), V(link), V(character_device), V(block_device), V(fifo) or V(socket).
        - What was deleted has the type that it had.
      type: str
    was:
      description: The type below.
      returned: with V(type)
      type: str
    attributes:
      description: Which of V(mode), V(owner), V(group), V(mtime) and the extended attributes differ.
      returned: where some do, unless the file was added or deleted or has another type
      type: list
      elements: str
  sample:
    - path: /etc
      kind: attributes
      type: directory
      attributes: [mtime]
    - path: /etc/motd
      kind: modified
      type: file
      attributes: [mtime]
    - path: /etc/profile.d/lab.sh
      kind: added
      type: file
counts:
  description: How many changes there are of each kind, whether they are listed or not.
  returned: success
  type: dict
  sample:
    added: 1
    modified: 1
    deleted: 0
    type: 0
    attributes: 1
    opaque: 0
folders:
  description:
    - The counts by folder. Each change is counted once, for the folder that it is in, two levels deep at most.
    - After 1000 folders, others are counted for those above them.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The folder.
      type: str
    counts:
      description: How many changes there are in it, of the kinds that there are.
      type: dict
  sample:
    - path: /
      counts:
        attributes: 1
    - path: /etc
      counts:
        modified: 1
    - path: /etc/profile.d
      counts:
        added: 1
text:
  description:
    - For each path of O(text) what has changed, as a unified diff; empty where nothing has, or there is no such path.
    - For a link, the text is where it leads to. Of binary files the text only says that they differ.
  returned: success
  type: dict
  sample:
    /etc/motd: |
      --- /etc/motd (below)
      +++ /etc/motd (now)
      @@ -1 +1 @@
      -Welcome
      +Welcome to the lab
total:
  description: How many changes there are.
  returned: success
  type: int
  sample: 3
truncated:
  description: Whether there are more changes than RV(changes) lists.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.labs.overlayroot.plugins.module_utils._entry import compare
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_diff


def main():
    compare(union_diff)


if __name__ == "__main__":
    main()
