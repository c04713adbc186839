# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Make, start, reboot, cut and remove test machines: `python3 tests/vm/vm.py --help`."""

import sys

from labvm.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
