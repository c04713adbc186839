# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Debian guests in qemu for tests: images, boots, power cuts, consoles."""

from .disk import Disk
from .errors import VmError
from .guest import Guest
from .image import Image
from .inventory import inventory

__all__ = ["Disk", "Guest", "Image", "VmError", "inventory"]
