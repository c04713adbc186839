# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the owner of a tree can do to those who read it."""

from __future__ import annotations

import os

# Swaps each name in a folder and what NAME.bait is, as fast as it can: RACER FOLDER NAME...
RACER = """
import os, sys
os.chdir(sys.argv[1])
while True:
    for name in sys.argv[2:]:
        os.rename(name, "aside")
        os.rename(name + ".bait", name)
        os.rename(name, name + ".bait")
        os.rename("aside", name)
"""


def nest(top, depth):
    here = os.open(top, os.O_RDONLY)
    for _level in range(depth):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    return here
