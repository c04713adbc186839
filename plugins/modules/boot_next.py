#!/usr/bin/python
# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: boot_next
short_description: Ask the next boot of a root union for something
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Leaves a request that the boot hook reads and uses up at the next boot of the host.
  - The same words behind C(overlayroot.) on the kernel command line ask for the same, and come first.
  - On a host without a data file system the request is written to the base, which is made writable for that moment.
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
  request:
    description:
      - V(mode=off) boots once without the union.
      - V(generation=N) boots generation N of the store once, with an upper in RAM. V(generation=0) is the bare base.
      - V(none) withdraws a request.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Look at the bare base at the next boot
  labs.overlayroot.boot_next:
    request: generation=0

- name: Think better of it
  labs.overlayroot.boot_next:
    request: none
"""

RETURN = r"""
request:
  description: What the next boot is asked for.
  returned: success
  type: str
  sample: generation=0
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

from ansible_collections.labs.overlayroot.plugins.module_utils import _entry
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import boot_next


def main():
    _entry.run(boot_next)


if __name__ == "__main__":
    main()
