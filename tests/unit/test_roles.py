# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a role says of itself: its argument spec, its defaults, its README."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.labs.overlayroot.tests.tools import role_readmes
from ansible_collections.labs.overlayroot.tests.tools.examples import examples, variables

ROLES = role_readmes.roles()
OPTIONS = {role: role_readmes.spec(role)["options"] for role in ROLES}
ANY_ROLE = {name: option for options in OPTIONS.values() for name, option in options.items()}


def promises(option):
    """What a variable that two roles share must be in both."""
    return {key: option.get(key) for key in ("type", "elements", "choices", "default")}


@pytest.mark.parametrize("role", ROLES)
def test_defaults_are_those_of_the_spec(role):
    defaults = yaml.safe_load((role_readmes.ROLES / role / "defaults/main.yml").read_text())
    assert defaults == {name: option["default"] for name, option in OPTIONS[role].items()}


@pytest.mark.parametrize("role", ROLES)
def test_a_variable_is_the_same_in_every_role(role):
    for name, option in OPTIONS[role].items():
        assert promises(option) == promises(ANY_ROLE[name]), name


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_is_current(role):
    assert role_readmes.current(role) == role_readmes.wanted(role), "run python3 tests/tools/role_readmes.py"


@pytest.mark.parametrize("role", ROLES)
def test_the_readme_has_an_example(role):
    (play,) = examples(role_readmes.current(role))[0]
    assert play["roles"][0]["role"] == f"labs.overlayroot.{role}"
    # Provision runs the other roles: their variables are its own.
    known = ANY_ROLE if role == "provision" else OPTIONS[role]
    assert {name for name, _value in variables(play)} <= set(known)
