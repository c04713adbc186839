# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys

from hypothesis import settings

# Machines are busy, so no example has to be done by a time. Under the oldest Python few examples of each property are
# tried, since another gate tries them all under a newer one.
settings.register_profile("all", deadline=None)
settings.register_profile("few", deadline=None, max_examples=20)
settings.load_profile("few" if sys.version_info < (3, 9) else "all")
