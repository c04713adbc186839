#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pivot_save
short_description: Save the session of a root union, now or when the host goes down
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - A host with the persistence V(session) has its upper in RAM. When it goes down it leaves its root for a fresh union
    over the base, where nothing writes to the upper any more, and makes that a layer of the store.
  - This module has that done or left out for this one time, or saves the upper of a running host.
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
      - V(armed) has the session saved when the host goes down, V(disarmed) has it discarded; the next boot is armed again, with
        the mode V(auto).
      - V(saved) makes the upper a layer now, whatever the persistence. A file that is written to meanwhile is as it was at
        one time, as far as that can be had.
    type: str
    choices: [armed, disarmed, saved]
    required: true
  id:
    description:
      - What the layer is to be called. Where there is one of that name, nothing is to be done.
      - For O(state=saved), which needs it.
    type: str
  label:
    description:
      - What the layer is about.
    type: str
    default: ""
  drop_acls:
    description:
      - Leave out access lists, where the store cannot hold them.
      - For O(state=saved).
    type: bool
    default: false
  mode:
    description:
      - With V(direct) the upper is a layer at once, with V(indirect) after the next boot, and with V(auto) at once where that can
        be, else after the next boot.
      - An upper on a disk cannot be a layer at once, since the running host goes on writing to it. V(direct) is an error there.
      - With O(state=armed) a shutdown saves by V(auto) after it has left the root, where it can, and by V(indirect) before that, as
        far as a running host can be saved. There V(direct) is an error, since nothing promises that the root can be left.
    type: str
    choices: [auto, direct, indirect]
    default: auto
  upper:
    description:
      - The upper of another union than the root's, say that of a subhost. It becomes a layer of the O(store) of its own.
      - The union must not be mounted, and is to begin with an empty upper when it is mounted again over that layer.
      - For O(state=saved).
    type: str
  store:
    description:
      - The folder of that store, below C(/run/initramfs/overlayroot/data), where the data file system is. It is made where it
        is not there.
    type: str
seealso:
  - module: labs.overlayroot.union_reset
"""

EXAMPLES = r"""
- name: Forget this session
  labs.overlayroot.pivot_save:
    state: disarmed

- name: Save what was done so far
  labs.overlayroot.pivot_save:
    state: saved
    id: after-the-course
    label: All of the course

- name: Save what was done in a subhost
  labs.overlayroot.pivot_save:
    state: saved
    id: after-the-course
    upper: /run/subhosts/web/root
    store: /run/initramfs/overlayroot/data/targets/web
"""

RETURN = r"""
armed:
  description: Whether the session is to be saved when the host goes down.
  returned: success
  type: bool
  sample: true
indirect:
  description: Whether it is to be saved by the mode V(indirect) then.
  returned: success
  type: bool
  sample: false
saved:
  description: The layer, for O(state=saved).
  returned: success
  type: dict
  sample:
    id: after-the-course
    label: All of the course
    format: overlay
generation:
  description: The generation that has the layer on top, where there is one by now.
  returned: success
  type: int
  sample: 3
steps:
  description: What was done, or in check mode would be.
  returned: success, or failure after steps were done
  type: list
  elements: dict
  sample:
    - step: write_file
      path: /run/overlayroot/discard
undone:
  description: What was undone after a step failed.
  returned: failure after steps were done
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.labs.overlayroot.plugins.module_utils import _entry
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import pivot_save


def main():
    _entry.run(pivot_save)


if __name__ == "__main__":
    main()
