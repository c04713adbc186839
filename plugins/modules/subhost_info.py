#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: subhost_info
short_description: Report the subhosts that run
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Reports each subhost that runs, as the kernel shows its processes.
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
  name:
    description:
      - Report only the one with this name.
    type: str
"""

EXAMPLES = r"""
- name: Look at the subhosts
  labs.overlayroot.subhost_info:
  register: found

- name: Fail where the web server does not run
  ansible.builtin.assert:
    that: "'web' in found.subhosts | map(attribute='name')"
"""

RETURN = r"""
subhosts:
  description: The subhosts that run, by their names.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
    config:
      description: The file that describes it.
      type: str
    live:
      description: Where its root is mounted, which is what M(labs.overlayroot.union_diff) and others take as its path.
      type: str
    pid:
      description: Its first process, as the host numbers it.
      type: int
    seconds:
      description: For how long it has been running.
      type: int
  sample:
    - name: web
      config: /srv/subhosts/web/web.conf
      live: /srv/subhosts/web/live
      pid: 1234
      seconds: 86400
"""

from ansible_collections.labs.overlayroot.plugins.module_utils._entry import report
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import subhost_info


def main():
    report(subhost_info)


if __name__ == "__main__":
    main()
