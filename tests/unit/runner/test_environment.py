# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

from ansible_collections.labs.overlayroot.tests.runner import environment


def shims(tmp_path):
    for version, name in (("3.8.18", "python3.8"), ("3.12.1", "python3.12"), ("2.7.18", "python2.7")):
        (tmp_path / "versions" / version / "bin").mkdir(parents=True)
        (tmp_path / "versions" / version / "bin" / name).touch()
    (tmp_path / "shims").mkdir()
    return tmp_path / "shims"


def test_interpreters_come_last_and_shims_not_at_all(tmp_path):
    found = environment.path([str(shims(tmp_path)), "/usr/bin"], Path("/venv"))
    versions = tmp_path / "versions"
    assert found == ["/venv/bin", "/usr/bin", f"{versions}/3.12.1/bin", f"{versions}/3.8.18/bin"]
