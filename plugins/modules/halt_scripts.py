#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: halt_scripts
short_description: Have the root union ended by an init system other than systemd
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Has the init system leave the root union when the host goes down. Its session is saved, where it has one; otherwise the
    host is moved into its base, what resets have moved aside is deleted, and the data file system is left clean.
  - Under sysvinit and Debian's OpenRC writes C(/etc/init.d/overlayroot) and links it where it runs when all else has
    stopped, before anything is unmounted.
  - Under busybox's init puts a line into the halt scripts that C(/etc/inittab) runs, before the first command that
    unmounts something or ends the host, or into C(/etc/inittab) where that holds such a command itself.
  - In halt scripts C(fuser -k) no longer kills who uses a file system, since that may be what serves the root.
  - Each change of a script is marked and says what was there. With O(state=absent) it is taken back, and what others have
    changed in the script since stays.
  - A script that is not understood is left alone, with an error that names the line and what to do.
  - Under systemd there is nothing to do.
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
      - Whether the init system is to do that.
    type: str
    choices: [present, absent]
    default: present
  script:
    description:
      - Text of the init script, for init systems that have such scripts.
    type: str
    required: true
  scripts:
    description:
      - The halt scripts of the host. Those that are not there do not matter.
    type: list
    elements: str
    default: [/etc/rc.shutdown, /etc/init.d/halt.sh]
seealso:
  - module: labs.overlayroot.root_union
  - module: labs.overlayroot.pivot_save
"""

EXAMPLES = r"""
- name: Have the root union ended by whatever init system
  labs.overlayroot.halt_scripts:
    script: "{{ lookup('ansible.builtin.file', 'sysvinit.sh', rstrip=false) }}"
    scripts: [/etc/rc.shutdown]
"""

RETURN = r"""
script:
  description: Whether the base has the init script.
  returned: success
  type: bool
  sample: true
patched:
  description: Which halt scripts of the base are changed.
  returned: success
  type: list
  elements: str
  sample: [/etc/rc.shutdown]
steps:
  description: What was done, or in check mode would be.
  returned: success, or failure after steps were done
  type: list
  elements: dict
  sample:
    - step: add_script
      path: /etc/init.d/overlayroot
undone:
  description: What was undone after a step failed.
  returned: failure after steps were done
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.labs.overlayroot.plugins.module_utils import _entry
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import halt_scripts


def main():
    _entry.run(halt_scripts)


if __name__ == "__main__":
    main()
