# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks that run in a sandbox."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from ansible_collections.labs.overlayroot.plugins import connection

TASKS = Path(__file__).with_name("connection.yml")


def ansible(folder, playbook, *words):
    """The words of a command that runs a playbook."""
    program = os.path.join(os.path.dirname(sys.executable), "ansible-playbook")
    if not os.path.exists(program):
        pytest.skip("needs ansible-playbook")
    settings = {
        "ANSIBLE_COLLECTIONS_PATH": Path(connection.__path__[0]).parents[4],
        "ANSIBLE_HOME": folder / "ansible",
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_PIPELINING": "true",
    }
    given = [f"{key}={value}" for key, value in settings.items()]
    return ["env", *given, program, f"-eansible_python_interpreter={sys.executable}", *words, str(playbook)]


def inside(name, folder, *words):
    """The same for tasks that run in a subhost."""
    return ansible(folder, TASKS, f"-i{name},", f"-efetched={folder}/fetched", "-eansible_connection=labs.overlayroot.subhost", *words)


def play(host, *words):
    """What it prints where all went well."""
    code, output, errors = host.run(*words)
    assert code == 0, output + errors
    return output
