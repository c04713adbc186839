# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import sys

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._host.run import run


def test_the_output():
    assert run(["printf", "a%s\\377", "b \udcfe"]) == "ab \udcfe\udcff"


def test_the_locale(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert run([sys.executable, "-c", "import os; print(os.environ['LC_ALL'])"]) == "C\n"


def test_no_shell_comes_between():
    assert run(["printf", "%s", "$(id) ; *"]) == "$(id) ; *"


def test_nothing_waits_for_input():
    assert run(["cat"]) == ""


def test_a_failure_names_command_code_and_message():
    with pytest.raises(OverlayrootError) as caught:
        run(["sh", "-c", "echo why >&2; exit 3"])
    assert str(caught.value).startswith("command sh -c echo why >&2; exit 3: ended with exit code 3: why.")


def test_a_command_that_is_not_there():
    with pytest.raises(OverlayrootError, match="command no-such-command: is not installed"):
        run(["no-such-command"])
