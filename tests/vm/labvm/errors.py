# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""The one error of this package."""


class VmError(Exception):
    """Something about an image or a guest went wrong; the text says what, and what to do."""
