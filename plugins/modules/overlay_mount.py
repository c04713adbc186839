#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: overlay_mount
short_description: Mount and unmount a union of folders
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Mounts folders as a union, and unmounts it.
  - What is mounted is read from the kernel. A union that is mounted already and is right is left as it is.
  - A mounted union cannot be changed, but for the branches of an aufs. Where it differs from what is asked for, the module
    says in what and fails.
  - Options that decide whether an upper can be moved, saved and merged are always stated, since kernels differ in their
    defaults. They are V(index=off), V(metacopy=off), V(nfs_export=off), V(redirect_dir=on) and V(xino=auto).
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
  path:
    description:
      - Where the union is mounted.
      - All paths are absolute. They may hold any bytes. One that is not part of UTF-8 text is written C(\xNN), with two
        lower-case digits from C(80) to C(ff), here and in what the module returns. Where a backslash would be mistaken
        for the start of that, it is written C(\x5c).
    type: str
    required: true
  backend:
    description:
      - What makes the union.
      - V(overlay) is part of every Linux kernel. V(aufs) takes a kernel that has it, which no release of Debian has.
        V(unionfs_fuse) is the program of the package C(unionfs-fuse), which Debian 12 has.
    type: str
    choices: [overlay, aufs, unionfs_fuse]
    default: overlay
  lower:
    description:
      - The folders that the union shows and does not change, the topmost first.
      - An overlay without O(upper) needs two of them.
      - Those of a mounted aufs are added, removed and moved while it is in use.
      - Required if O(state=mounted).
    type: list
    elements: str
  upper:
    description:
      - The folder that takes what is changed in the union. Without it the union is read-only.
      - That of an overlay cannot be on vfat, NFS or a union; that of an aufs cannot be on aufs or an overlay.
    type: str
  work:
    description:
      - A folder that overlayfs needs for its work, in the same mount as O(upper). Other backends have none.
    type: str
  permissions:
    description:
      - Permissions and attributes of branches of an aufs, by their paths, as in aufs(5). For instance V(rr+wh) for a lower that
        nobody else changes, or V(rw+icex) for an upper that cannot hold all extended attributes of a lower.
      - An upper has V(rw) by itself, and a lower V(ro+wh).
    type: dict
    default: {}
  options:
    description:
      - Options of the union.
      - Those of an aufs are V(udba) (V(none), V(reval) or V(notify)), V(xino) (V(off), or the path of the file where it
        keeps inode numbers, C(/run/.aufs-PATH.xino) by itself), and the booleans V(dirperm1), V(plink), V(shwh) and
        V(trunc_xino).
      - Those of unionfs-fuse are V(max_files), a number of open files, and the booleans V(statfs_omit_ro) and V(hard_remove).
      - Those of an overlay are as in the kernel's documentation of overlayfs.
      - V(index), V(metacopy) and V(nfs_export) are C(on) or C(off).
      - V(redirect_dir) is C(on), C(off), C(follow) or C(nofollow).
      - V(uuid) is C(on), C(off), C(null) or C(auto).
      - V(verity) is C(on), C(off) or C(require).
      - V(xino) is C(on), C(off) or C(auto).
      - V(userxattr) and V(volatile) are booleans. V(userxattr) makes V(redirect_dir=nofollow) the default.
      - A union that was volatile leaves a mark in its work folder, and neither can be used again before both are emptied.
    type: dict
    default: {}
  create:
    description:
      - Whether to make O(path), O(upper) and O(work) where they do not exist.
      - A new upper gets the owner and mode of the topmost lower, since they are those of the union.
    type: bool
    default: false
  state:
    description:
      - With V(mounted) the union is mounted.
      - With V(unmounted) no union is mounted at O(path). Other mounts there are left alone.
    type: str
    choices: [mounted, unmounted]
    default: mounted
  fstab:
    description:
      - Whether C(/etc/fstab) has an entry for the union as long as it is to be mounted. There can be none for
        unionfs-fuse.
      - Options of an entry that are not the union's own, such as C(nofail), are kept.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Mount a union with an upper
  labs.overlayroot.overlay_mount:
    path: /srv/course
    lower:
      - /srv/layers/exercise
      - /srv/layers/base
    upper: /srv/session/upper
    work: /srv/session/work
    create: true

- name: Mount a read-only union at each boot
  labs.overlayroot.overlay_mount:
    path: /srv/merged
    lower:
      - /srv/layers/exercise
      - /srv/layers/base
    fstab: true

- name: Mount a fast union whose content need not survive a crash
  labs.overlayroot.overlay_mount:
    path: /srv/build
    lower:
      - /srv/layers/base
    upper: /run/build/upper
    work: /run/build/work
    options:
      volatile: true
      metacopy: "on"
      redirect_dir: "on"
    create: true

- name: Mount a union that no kernel module is needed for
  labs.overlayroot.overlay_mount:
    path: /srv/shared
    backend: unionfs_fuse
    lower:
      - /srv/layers/base
    upper: /srv/shared-upper
    create: true

- name: Mount an aufs, of which one layer never changes
  labs.overlayroot.overlay_mount:
    path: /srv/course
    backend: aufs
    lower:
      - /srv/layers/exercise
      - /srv/layers/base
    permissions:
      /srv/layers/base: rr+wh
    upper: /srv/session/upper
    options:
      udba: notify
      dirperm1: true

- name: Unmount it
  labs.overlayroot.overlay_mount:
    path: /srv/course
    backend: aufs
    state: unmounted
"""

RETURN = r"""
union:
  description: The union that is, or in check mode would be, mounted at O(path); null where there is none.
  returned: success
  type: dict
  contains:
    path:
      description: Where it is mounted, without links.
      type: str
    backend:
      description: What makes it.
      type: str
    lower:
      description: The lowers, the topmost first.
      type: list
      elements: str
    upper:
      description: The upper; null for a read-only union.
      type: str
    work:
      description: The work folder; null for a read-only union.
      type: str
    options:
      description: The options, those that are always stated included.
      type: dict
    permissions:
      description: Those of branches that are not what they are by themselves.
      returned: where there are any
      type: dict
  sample:
    path: /srv/course
    backend: overlay
    lower: [/srv/layers/base]
    upper: /srv/session/upper
    work: /srv/session/work
    options:
      index: "off"
      metacopy: "off"
      nfs_export: "off"
      redirect_dir: "on"
      xino: auto
fstab:
  description: The entry of C(/etc/fstab); null where there is none, or with O(fstab=false).
  returned: success
  type: str
  sample: overlay /srv/merged overlay lowerdir=/srv/a:/srv/b,index=off 0 0
missing:
  description: Those of the given paths that do not exist.
  returned: success
  type: list
  elements: str
  sample: []
steps:
  description: What was, or in check mode would be, done, in this order.
  returned: success, or failure after steps were done
  type: list
  elements: dict
  sample:
    - step: make_dir
      path: /srv/session/upper
      mode: "0755"
undone:
  description: The steps that took those of RV(steps) back after a failure.
  returned: failure after steps were done
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.labs.overlayroot.plugins.module_utils._entry import run
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import overlay_mount


def main():
    run(overlay_mount)


if __name__ == "__main__":
    main()
