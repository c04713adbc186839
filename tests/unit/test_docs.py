# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the documents for operators say is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.labs.overlayroot.tests.tools import role_readmes
from ansible_collections.labs.overlayroot.tests.tools.examples import examples, variables

TOP = Path(__file__).parents[2]
PLAYBOOKS = {path.stem: path.read_text() for path in (TOP / "playbooks").glob("*.yml")}
PLUGINS = {path.stem for kind in ("modules", "filter") for path in (TOP / "plugins" / kind).glob("*.py")}
OPTIONS = {name: option for role in role_readmes.roles() for name, option in role_readmes.spec(role)["options"].items()}
OF_PLAYBOOKS = set(re.findall(r"(?:{{|when:) (overlayroot_\w+)", "".join(PLAYBOOKS.values())))

TEXTS = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md")), *map(role_readmes.readme, role_readmes.roles())]
FOR_OPERATORS = [TOP / "README.md", TOP / "docs/operators.md"]


def name(path):
    return str(path.relative_to(TOP))


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_variables_in_examples_have_values_that_they_can_have(path):
    for example in examples(path.read_text()):
        for variable, value in variables(example):
            assert variable in OPTIONS
            assert ArgumentSpecValidator(OPTIONS).validate({variable: value}).error_messages == []


@pytest.mark.parametrize("path", FOR_OPERATORS, ids=name)
def test_variables_that_are_named_exist(path):
    assert set(re.findall(r"\boverlayroot_\w+", path.read_text())) <= set(OPTIONS) | OF_PLAYBOOKS


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_what_is_named_of_the_collection_exists(path):
    # "overlayroot.mode=off" is a word of the kernel command line, "overlayroot.sh" a file.
    named = set(re.findall(r"\blabs\.overlayroot\.(\w+)", path.read_text()))
    assert named <= set(PLAYBOOKS) | PLUGINS | set(role_readmes.roles())


@pytest.mark.parametrize("path", FOR_OPERATORS, ids=name)
def test_playbooks_that_are_run_exist(path):
    assert set(re.findall(r"^.*ansible-playbook .*labs\.overlayroot\.(\w+)", path.read_text(), re.MULTILINE)) <= set(PLAYBOOKS)


def test_every_playbook_is_in_the_readme():
    run = re.findall(r"`ansible-playbook .*?labs\.overlayroot\.(\w+)", (TOP / "README.md").read_text())
    assert set(run) == set(PLAYBOOKS)


def test_every_variable_of_a_playbook_is_documented():
    texts = "".join(path.read_text() for path in FOR_OPERATORS)
    undocumented = {variable for variable in OF_PLAYBOOKS - set(OPTIONS) if not re.search(rf"{variable}\"?[=:]", texts)}
    registered = re.findall(r"register: (overlayroot_\w+)", "".join(PLAYBOOKS.values()))
    # The last one is there to turn something off on a host that cannot have it.
    assert undocumented <= {*registered, "overlayroot_pipelining"}


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        assert link.startswith("https://") or (path.parent / link).exists(), link


def test_words_of_the_kernel_command_line_are_those_of_the_boot_library():
    library = (TOP / "roles/initramfs/files/overlayroot.sh").read_text()
    for word in re.findall(r"`overlayroot\.([a-z]+=?(?:on|off)?)", "".join(path.read_text() for path in FOR_OPERATORS)):
        assert re.search(rf"^ +(?:\S+ \| )?{re.escape(word)}\*?(?: \| \S+)?\)", library, re.MULTILINE), word
