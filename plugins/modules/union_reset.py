#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: union_reset
short_description: Give a union a new, empty upper
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Takes off what was written to a union, in the same short time whatever that is. The old upper is renamed aside and
    deleted in the background, or kept as O(method) says.
  - The root is reset by its next boot, and with it every other union of the host whose upper lies beside that of the
    root. A reset of the root can go to another generation of the store at the same time, which is a rollback.
  - Another union is unmounted, given a new upper, and mounted again.
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
      - The mount point of the union.
    type: str
    default: /
  when:
    description:
      - V(next_boot) leaves a request for the boot hook. Only the root has this. Where its upper is in RAM every boot is
        a reset, and nothing needs to be asked for unless O(generation) is another one.
      - A host that keeps sessions does not save the one that runs when it goes down then.
      - V(never) withdraws such a request, and has the session saved.
      - V(now) resets a union that is not in use. The root always is.
    type: str
    choices: [now, next_boot, never]
    required: true
  method:
    description:
      - V(discard) throws away what was written.
      - V(snapshot) keeps it. That of the root becomes a generation of its own, which can be booted like any other one,
        while the host goes on with the generation that it has, or with O(generation). An upper on the disk is made a layer
        by the next boot, with renames only. One in RAM is copied at once, and what is written to it later is lost.
      - With O(when=now), V(snapshot) leaves the old upper beside the new one by the name of O(id). It can be a layer
        of another union.
      - V(mkfs) makes a new file system in the place of the one that holds the upper, with the same type, label and UUID,
        and so gives up everything on it. That is refused where something else is there, unless O(discard_saved) says
        so. The type has to be C(ext2), C(ext3) or C(ext4); other properties are the defaults.
      - For the root, V(mkfs) is about the data file system, and is done by the next boot. With O(when=now) nothing else
        may be mounted from that file system, nor in it, and no layer may lie on it.
    type: str
    choices: [discard, snapshot, mkfs]
    default: discard
  id:
    description:
      - What a snapshot is to be called. Where a layer has that name already, no other one is made.
      - Without it the name is C(before-reset-) and the time in UTC, such as V(before-reset-20261121T080000Z).
    type: str
  discard_saved:
    description:
      - With O(method=mkfs), whether generations, layers, folders with the policy C(bind) and whatever else lies on the file
        system may go with it.
    type: bool
    default: false
  generation:
    description:
      - With O(when=next_boot), the number of the generation that the host is to boot from then on. V(0) is the bare
        base, V(previous) the newest one that is older than what the host boots now.
      - Without it the host stays on the generation that it has.
    type: str
  keep:
    description:
      - Paths that survive the reset, with all that is below them, whether they are there by now or not. They are as on
        the host, also where O(path) is not the root. The folder that holds one must be there, and no link may lead to it.
      - They are renamed from the old upper to the new one, so that they stay exactly what they are.
      - With O(when=next_boot) nothing can be kept of an upper in RAM.
    type: list
    elements: str
    default: []
notes:
  - A byte of a path that is no UTF-8 is written as C(\xNN), with two lower-case digits from C(80) to C(ff).
  - A request of another kind that the next boot has not carried out yet, such as a save, is not replaced.
seealso:
  - module: labs.overlayroot.boot_next
  - module: labs.overlayroot.union_diff
"""

EXAMPLES = r"""
- name: Start afresh at the next boot
  labs.overlayroot.union_reset:
    when: next_boot

- name: Start afresh, but as the same host
  labs.overlayroot.union_reset:
    when: next_boot
    keep:
      - /etc/machine-id
      - /etc/ssh

- name: Think better of it
  labs.overlayroot.union_reset:
    when: never

- name: Start afresh, and keep what was written as a generation that nobody boots yet
  labs.overlayroot.union_reset:
    when: next_boot
    method: snapshot
    id: before-exam

- name: Start afresh with a new file system, whatever was saved
  labs.overlayroot.union_reset:
    when: next_boot
    method: mkfs
    discard_saved: true

- name: Go back to the bare base at the next boot, and stay there
  labs.overlayroot.union_reset:
    when: next_boot
    generation: "0"

- name: Clear what a course has left
  labs.overlayroot.union_reset:
    path: /srv/course
    when: now

- name: Clear it, but for what one of them has written down
  labs.overlayroot.union_reset:
    path: /srv/course
    when: now
    keep:
      - /srv/course/ann/notes
"""

RETURN = r"""
reset:
  description: What has become of the union, or what will.
  returned: success
  type: dict
  contains:
    path:
      description: The mount point.
      type: str
    discards_session:
      description: Whether the session that runs is not saved when the host goes down. Only of the root of a host that keeps sessions.
      type: bool
    request:
      description: What the next boot is asked for; empty where that is nothing. With O(when=now) this is left out.
      type: str
    snapshot:
      description:
        - The layer that holds what was written, or will; empty where there is none. Only with O(method=snapshot), and not
          with O(when=now), where RV(steps) say as what the old upper was set aside.
      type: str
    upper_empty:
      description: Whether the union's upper is empty now, but for what is kept. Only with O(when=now).
      type: bool
  sample:
    path: /
    request: rollback=0
steps:
  description: What was done, or in check mode would be.
  returned: success, or failure after steps were done
  type: list
  elements: dict
  sample:
    - step: write_file
      path: /run/initramfs/overlayroot/data/overlayroot/boot/next
undone:
  description: What was undone after a step failed.
  returned: failure after steps were done
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.labs.overlayroot.plugins.module_utils._entry import run
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import union_reset


def main():
    run(union_reset)


if __name__ == "__main__":
    main()
