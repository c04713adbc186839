# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.labs.overlayroot.tests.runner import packages


def test_a_removed_package_with_its_configuration_left_is_not_installed():
    shown = "busybox installed\ndash installed\nqemu-system-x86 config-files\n"
    assert packages.installed(shown) == {"busybox", "dash"}
