#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: subhost
short_description: Start and stop subhosts, light hosts on a union of the host itself
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - A subhost is a tree, as a rule a union over the root of the host, in namespaces of its own, with services of its own.
  - What it is to be is in a configuration in the format of overlay-boot 1.6, which is parsed and never given to a shell.
  - What is there of it is read from the kernel. What a crash left is put away before it is started again, or stopped.
  - It is run by the command overlayrootctl, which the role R(labs.overlayroot.subhosts,ansible_collections.labs.overlayroot.subhosts_role)
    puts in place.
extends_documentation_fragment:
  - labs.overlayroot.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Nothing can be done to a subhost that is restarted that would make it not be restarted by the next run.
options:
  config:
    description:
      - The file that describes the subhost.
      - It should be in a folder of its own. Changes of subhosts whose configurations are in the same folder wait for each other.
      - Its variables are described in C(docs/subhosts.md).
    type: str
    required: true
  settings:
    description:
      - The variables of the configuration, which is then written, with the folders of the subhost that are in the folder of
        O(config) and do not exist. C(BASE) is that folder where it is not given.
      - What holds several words, or is to be there several times like C(SHARE), can be a list.
      - One that runs is restarted with O(state=started) where they change. With O(state=absent) the file is removed, too.
      - Without them, the file must be there, and is left as it is.
    type: dict
  state:
    description:
      - With V(started) it runs. One that runs already is left as it is, whatever became of its configuration.
      - With V(stopped) it does not, and nothing of it is mounted or in the network.
      - With V(restarted) it is stopped, and started.
      - With V(saved), what it wrote becomes the layer O(id) of the folder C(STORE) that its configuration names, and a new generation
        that it is started over from then on. It must be stopped. Nothing is copied.
      - With V(reset), what it wrote since it was saved is removed. It must be stopped.
      - With V(pruned), old generations that were saved of it are given up, and the layers that no other one needs; never the one that
        it is started over, nor the newest. It must be stopped.
      - With V(absent) it is stopped, and the folders C(UPPER) and C(WORK) of a union are removed with all that it wrote. What was saved stays.
    type: str
    choices: [started, stopped, restarted, saved, reset, pruned, absent]
    default: started
  id:
    description:
      - What the layer is to be called.
      - Required with O(state=saved). A session with this name that was saved already is left alone.
    type: str
  label:
    description:
      - What the layer is about, for those who list it.
    type: str
    default: ""
  generation:
    description:
      - With O(state=reset), the generation that it is started over from then on. V(0) is C(LOWER) alone.
      - Without it, this stays as it is.
    type: int
  keep:
    description:
      - With O(state=pruned), how many generations are kept at most. O(keep) or O(before) is required then.
    type: int
  before:
    description:
      - With O(state=pruned), those that were saved before this time are given up, as V(2026-11-21T08:00:00Z).
    type: str
  commands:
    description:
      - Whether values of the configuration may be commands, C(LOWER=!command), which are run on the host as root.
      - They are run in check mode, too, since the values come from them.
    type: bool
    default: false
  bridges:
    description:
      - Whether to make the bridges that its cables are to be on, where they do not exist.
    type: bool
    default: false
  command:
    description:
      - The file C(/usr/local/sbin/overlayrootctl) in base64, as P(labs.overlayroot.overlayrootctl#lookup) gives it, which is put in
        place. Without it, it must be there.
    type: str
"""

EXAMPLES = r"""
- name: Start a subhost
  labs.overlayroot.subhost:
    config: /srv/subhosts/web/web.conf
    bridges: true
    command: "{{ lookup('labs.overlayroot.overlayrootctl') }}"

- name: Start one that is described here
  labs.overlayroot.subhost:
    config: /srv/subhosts/mail/mail.conf
    settings:
      START: [networking, ssh]
      CABLES: br0=
      MEMORY: 100M
    bridges: true

- name: Restart it
  labs.overlayroot.subhost:
    config: /srv/subhosts/web/web.conf
    state: restarted

- name: Save what it wrote, while it is stopped
  labs.overlayroot.subhost:
    config: /srv/subhosts/web/web.conf
    state: saved
    id: course
    label: All of the course

- name: Go back to what it was before that
  labs.overlayroot.subhost:
    config: /srv/subhosts/web/web.conf
    state: reset
    generation: 0

- name: Keep no more than the last five generations of it
  labs.overlayroot.subhost:
    config: /srv/subhosts/web/web.conf
    state: pruned
    keep: 5

- name: Take it away with all that it wrote
  labs.overlayroot.subhost:
    config: /srv/subhosts/web/web.conf
    state: absent
"""

RETURN = r"""
subhost:
  description:
    - What the subhost is to be, by its configuration, and what there is of it.
    - The variables have the names that they have there, in lower case; the paths are whole.
  returned: success
  type: dict
  contains:
    name:
      description: Its name.
      type: str
    kind:
      description: V(union), V(bound) for an upper that is the lower, or V(premounted) for a tree that is there already.
      type: str
    live:
      description: Where its root is mounted.
      type: str
    running:
      description: Whether it runs.
      type: bool
    mounted:
      description: Whether its root is mounted; V(false) for one that is premounted.
      type: bool
    upper_present:
      description: Whether the folder is there that takes what it writes.
      type: bool
    lowers:
      description:
        - What its root is over, the topmost first, as M(labs.overlayroot.union_diff) and M(labs.overlayroot.union_commit) take it.
        - Empty where the current generation is damaged.
      type: list
      elements: str
    generation:
      description: The generation that it is started over; V(none) where nothing was saved.
      type: int
    generations:
      description: All that are saved, each with RV(ignore:number) and RV(ignore:layers), the lowest layer first.
      type: list
      elements: dict
    layers:
      description: What was noted about each saved layer.
      type: list
      elements: dict
    cables:
      description: Its cables, each with the interfaces at its two ends.
      type: list
      elements: dict
  sample:
    name: web
    kind: union
    live: /srv/subhosts/web/live
    running: true
    mounted: true
    upper_present: true
    lowers: [/]
    generation: null
    generations: []
    layers: []
    cables:
      - host: web0
        inside: eth0
        bridge: br0
        mac: ""
steps:
  description: What was, or in check mode would be, done, in this order.
  returned: success, or failure after steps were done
  type: list
  elements: dict
  sample:
    - step: start
      path: /srv/subhosts/web/live
undone:
  description: The steps that took those of RV(steps) back after a failure.
  returned: failure after steps were done
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.labs.overlayroot.plugins.module_utils._entry import run
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import subhost


def main():
    run(subhost)


if __name__ == "__main__":
    main()
