# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.labs.overlayroot.tests.runner import pip_bootstrap


def test_addresses_and_names_are_read_from_the_sources():
    wanted = "default_packages = dict(\n        pip='24.2',\n    )"
    fetched = "    url = 'https://example.org/get-pip-%s.py' % pip_version\n"
    assert pip_bootstrap.scripts(wanted, fetched) == [("https://example.org/get-pip-24.2.py", "get_pip_24_2.py")]
