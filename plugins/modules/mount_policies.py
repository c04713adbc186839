#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: mount_policies
short_description: Say what becomes of each file system besides the root
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Checks the host's fstab and writes the policies for its file systems to C(/etc/overlayroot/mounts), from where the
    boot hook reads them.
  - The fstab itself is never edited. A host that boots into its union sees a rewritten one in its place.
  - By default a file system stays as fstab has it, but C(/usr) and C(/boot) follow the root, and C(/boot/efi), C(/efi)
    and C(/boot/firmware) are read-only, so that a kernel installed in a session does not outlive its modules.
  - On a host that runs protected the base's own files are compared. Where they would have to change, the module fails
    outside check mode. The role P(labs.overlayroot.provision#role) then boots the host without its union first.
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
      - Whether the host has policies.
    type: str
    choices: [present, absent]
    default: present
  mounts:
    description:
      - The policies that differ from the default.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - The mount point, or for V(tmpfs) and V(bind) any folder of the root.
        type: str
        required: true
      policy:
        description:
          - V(union) makes the file system a protected base with an upper beside the root's.
          - V(bind) keeps what is written there, in a folder of the data file system that is filled once from the base.
            A file system of its own simply stays as it is.
          - V(tmpfs) puts an empty tmpfs there.
          - V(ro) mounts the file system read-only.
          - V(skip) leaves it as fstab has it.
        type: str
        choices: [union, bind, tmpfs, ro, skip]
        required: true
      options:
        description:
          - Mount options, for V(tmpfs).
        type: str
  data:
    description:
      - The data file system of the host, if it has one.
    type: str
    default: ""
seealso:
  - module: labs.overlayroot.root_union
"""

EXAMPLES = r"""
- name: Protect /home, keep the journal, and forget the caches
  labs.overlayroot.mount_policies:
    data: LABEL=overlayroot
    mounts:
      - path: /home
        policy: union
      - path: /var/log/journal
        policy: bind
      - path: /var/cache
        policy: tmpfs
        options: size=64m

- name: Take the policies away
  labs.overlayroot.mount_policies:
    state: absent
"""

RETURN = r"""
policies:
  description: The lines of the file, with the fields policy, id, path, owner, mode and options.
  returned: success
  type: list
  elements: str
  sample:
    - union - / 0:0 755 -
    - union home /home 0:0 755 -
steps:
  description: What was done, or in check mode would be.
  returned: success, or failure after steps were done
  type: list
  elements: dict
  sample:
    - step: write_file
      path: /etc/overlayroot/mounts
undone:
  description: What was undone after a step failed.
  returned: failure after steps were done
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.labs.overlayroot.plugins.module_utils import _entry
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import mount_policies


def main():
    _entry.run(mount_policies)


if __name__ == "__main__":
    main()
