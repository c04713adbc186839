#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: union_commit
short_description: Make a new base out of layers
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Makes one image, or one folder, of the tree that is seen through a union or through a stack of layers.
  - It is made beside the target, flushed, compared with its source entry by entry, and only then takes the place of the
    target, at once. When anything fails, or the power does, what was at the target stays; what is left beside it
    (C(.NAME.new)) is removed by the next commit.
  - There is never a merged copy of the tree on the disk, unless that is the O(target).
  - A target that holds the same tree, in the same format and compression, is left alone. That is found out by reading
    both, not by a note.
  - Layers of the host's store are verified first. One that does not match the checksum that was noted of it, when it was saved
    or after the boot that followed, is an error before anything is written. One that has none yet is taken as it is.
    O(state=rehearsed) does not look.
  - Everything is carried over - owners, modes, times, extended attributes with capabilities and labels, access lists,
    hard links, devices, sockets, names of any byte - as far as O(format) can hold it. Attributes that a union keeps for
    itself are left out.
extends_documentation_fragment:
  - labs.overlayroot.attributes
attributes:
  check_mode:
    support: full
    details:
      - Reads the source and the target.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  source:
    description:
      - The mount point of a union of overlayfs. What was mounted on the union is left out.
      - Or a layer, or several, the topmost first, down to the base. They must not be written to meanwhile.
      - A path with a comma in it has to be given in a list.
      - A file that is written to while it is read makes the commit fail. The root of a running host is better saved as a
        layer first.
    type: list
    elements: str
    required: true
  upper:
    description:
      - Whether the upper of the union at O(source) is part of it. If not, the layers below it are committed.
    type: bool
    default: true
  userxattr:
    description:
      - Whether the layers of O(source) are those of an overlay with the option V(userxattr). A union that is mounted says
        that itself.
    type: bool
    default: false
  target:
    description:
      - The path of the new image or folder, if not O(store). It lies outside of the source. The folder that it is made in must be there.
      - Nobody but root can read a new image, since it holds what only root may read. One that replaces another has the
        owner and the mode of that.
    type: str
  store:
    description:
      - What the image is called in the store of the host, which gets a new generation that stands on it. O(source) is the
        root, V(/), and O(format) V(squashfs) or V(ext4).
      - When the host boots that generation, nothing of the root device is seen below the image. Kernels and the
        configuration of the collection are still those of the root device. All earlier generations stay.
      - The next boot goes there if nothing is lost by that - where the upper is in RAM and no session, or O(upper) is part of the
        image; what was written after it was read is given up then. Otherwise V(rollback) goes there (see M(labs.overlayroot.union_reset)).
      - What layers hold for other file systems that have uppers of their own is not in the image; the new generation has these
        layers, too. With O(upper) such a host is refused.
      - An image of that name that a generation has is left alone, and not read.
    type: str
  format:
    description:
      - V(squashfs) is compressed and can never be written to. It counts times in whole seconds and holds no access lists.
      - V(ext4) is an image of a file system, little larger than what it holds. Its file has holes where that is empty.
      - V(directory) is a folder. Holes of files stay holes in it, as in V(ext4).
    type: str
    choices: [squashfs, ext4, directory]
    default: squashfs
  compression:
    description:
      - Of V(squashfs). The C(mksquashfs) and the kernel of the host must have it.
    type: str
    choices: [gzip, lz4, lzo, xz, zstd]
    default: zstd
  drop_acls:
    description:
      - Whether a V(squashfs) may go without access lists, which it cannot hold. The mode of a file that had one stays,
        and what was the mask of the list are then the rights of the group.
      - Otherwise a file with an access list is an error, before anything is written.
    type: bool
    default: false
  replace:
    description:
      - Whether a target that holds another tree, or anything else, may be replaced.
      - One that is in use, mounted, or a layer of a union, never is.
    type: bool
    default: false
  keep_old:
    description:
      - Whether what was replaced is kept as C(NAME.old) beside the target, instead of an older one of that name.
    type: bool
    default: true
  state:
    description:
      - V(rehearsed) only reports the sizes, and writes nothing.
    type: str
    choices: [committed, rehearsed]
    default: committed
notes:
  - While it works the playbook shows how far it is. It works in the background of the host, and goes on there when the
    playbook is interrupted. With C(async) the playbook goes on itself.
  - Needs C(mksquashfs) (the package squashfs-tools) for V(squashfs) and C(mkfs.ext4) (e2fsprogs) for V(ext4), and for
    both loop devices and a kernel that can mount the image.
"""

EXAMPLES = r"""
- name: What would it take
  labs.overlayroot.union_commit:
    source: /srv/course
    target: /srv/images/course.squashfs
    state: rehearsed
  register: rehearsal

- name: Make an image of a union
  labs.overlayroot.union_commit:
    source: /srv/course
    target: /srv/images/course.squashfs
    compression: xz
    replace: true

- name: Have the host boot from an image of what it has booted from its base and layers
  labs.overlayroot.union_commit:
    source: /
    upper: false
    store: course

- name: Flatten a saved layer and the base into a folder
  labs.overlayroot.union_commit:
    source:
      - /run/initramfs/overlayroot/data/overlayroot/layers/a
      - /run/initramfs/overlayroot/base
    target: /run/initramfs/overlayroot/data/new-base
    format: directory
"""

RETURN = r"""
image:
  description: The target.
  returned: success
  type: dict
  contains:
    path:
      description: The path, free of links.
      type: str
    format:
      description: V(squashfs), V(ext4) or V(directory).
      type: str
    compression:
      description: Of a squashfs; null for others.
      type: str
    holds:
      description: >-
        What is there. V(the source), V(nothing) or V(another tree); V(unknown) in a rehearsal, and of an image that a
        generation has already, where it is not looked at.
      type: str
    size:
      description: The length of the file; null where there is none, and where check mode cannot know.
      type: int
  sample:
    path: /srv/images/course.squashfs
    format: squashfs
    compression: xz
    holds: the source
    size: 412618752
sizes:
  description: What the source holds, and what the target takes.
  returned: success
  type: dict
  contains:
    bytes:
      description: What the source would take uncompressed.
      type: int
    inodes:
      description: How many files and folders it has. Those with several names are counted twice.
      type: int
    needed:
      description: >-
        How many bytes the target takes. For V(squashfs) an estimate, by what becomes of a sample in a quick compression:
        xz and zstd do better, lz4 and lzo may take a third more.
      type: int
    needed_inodes:
      description: How many inodes the target takes.
      type: int
    available:
      description: How many bytes are free for it.
      type: int
    available_inodes:
      description: How many inodes are free for it; null where their number is not limited.
      type: int
    fits:
      description: Whether that suffices. When it does not, nothing is committed.
      type: bool
  sample:
    bytes: 1287544832
    inodes: 48211
    needed: 451293184
    needed_inodes: 1
    available: 72450416640
    available_inodes: 16314212
    fits: true
generation:
  description: The newest generation that has the image on top; null where there is none.
  returned: success, with O(store), but not for a rehearsal
  type: int
  sample: 4
next_boot:
  description: Whether the next boot goes there.
  returned: success, with O(store), but not for a rehearsal
  type: bool
  sample: true
unfit:
  description: The extended attributes that the format cannot hold, each with the first path that has it.
  returned: success
  type: list
  elements: dict
  contains:
    attribute:
      description: Its name.
      type: str
    path:
      description: The path in the source.
      type: str
  sample:
    - attribute: system.posix_acl_access
      path: /var/log/journal
steps:
  description: What was done, or in check mode would be.
  returned: success
  type: list
  elements: dict
  sample:
    - step: commit
      path: /srv/images/course.squashfs
      format: squashfs
      compression: xz
      replaces: false
"""

from ansible_collections.labs.overlayroot.plugins.module_utils._entry import commit
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_commit


def main():
    commit(union_commit)


if __name__ == "__main__":
    main()
