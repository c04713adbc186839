# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.labs.overlayroot.tests.tools import role_readmes

SPEC = """\
argument_specs:
  main:
    short_description: Bake
    description:
      - Bakes with M(labs.overlayroot.overlay_mount) by P(labs.overlayroot.disks#role).
    options:
      overlayroot_state:
        description: Whether there is bread.
        type: str
        choices: [present, absent]
        default: present
      overlayroot_breads:
        description:
          - The breads.
          - V(rye) too.
        type: list
        elements: dict
        default: []
        options:
          name:
            description: See C(/etc) and O(overlayroot_breads[].slices).
            type: str
            required: true
          slices:
            description: How many.
            type: int
"""
README = """\
# Role

By hand.

<!-- made by tests/tools/role_readmes.py from meta/argument_specs.yml: begin -->
old
<!-- end -->

More by hand.
"""
MADE = """\
# Role

By hand.

<!-- made by tests/tools/role_readmes.py from meta/argument_specs.yml: begin -->

Bakes with `labs.overlayroot.overlay_mount` by `labs.overlayroot.disks`.

| variable | type | default | meaning |
| --- | --- | --- | --- |
| `overlayroot_state` | str | `present` | Whether there is bread. One of `present`, `absent`. |
| `overlayroot_breads` | list of dict | `[]` | The breads. `rye` too. |
| `overlayroot_breads[].name` | str | required | See `/etc` and `overlayroot_breads[].slices`. |
| `overlayroot_breads[].slices` | int |  | How many. |

<!-- end -->

More by hand.
"""


@pytest.fixture(name="readme")
def _readme(tmp_path, monkeypatch):
    monkeypatch.setattr(role_readmes, "ROLES", tmp_path)
    (tmp_path / "bake/meta").mkdir(parents=True)
    (tmp_path / "bake/meta/argument_specs.yml").write_text(SPEC)
    (tmp_path / "bake/README.md").write_text(README)
    return tmp_path / "bake/README.md"


def test_a_readme_is_written(readme, capsys):
    assert role_readmes.main([]) == 0
    assert readme.read_text() == MADE
    assert capsys.readouterr().out == "roles/bake/README.md is not what its argument spec says\n"
    assert role_readmes.main(["--check"]) == 0


def test_check_writes_nothing(readme):
    assert role_readmes.main(["--check"]) == 1
    assert readme.read_text() == README
