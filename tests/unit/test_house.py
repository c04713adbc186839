# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of docs/architecture.md that a program can check."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

TOP = Path(__file__).parents[2]
UTILS = TOP / "plugins/module_utils"
MODULES = sorted(path for path in (TOP / "plugins/modules").glob("*.py"))
PACKAGE = "ansible_collections.labs.overlayroot.plugins"

# What a pure file may take from the standard library: nothing that reaches the host.
PURE = {"__future__", "base64", "datetime", "hashlib", "itertools", "json", "posixpath", "re", "typing"}


def python_files(*folders):
    return [pytest.param(path, id=str(path.relative_to(TOP))) for folder in folders for path in sorted(folder.rglob("*.py"))]


def imports(path):
    """What a file imports, as absolute names."""
    package = f"{PACKAGE}." + ".".join(path.relative_to(TOP / "plugins").parts[:-1])
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            base = ".".join(filter(None, [above if node.level else "", node.module]))
            yield from (f"{base}.{name.name}" for name in node.names)


def own(path):
    """The imports from the collection, relative to its module_utils; and the others' top names."""
    prefix = f"{PACKAGE}.module_utils."
    names = list(imports(path))
    mine = {name[len(prefix) :].split(".")[0] for name in names if name.startswith(prefix)}
    others = {name.split(".")[0] for name in names if not name.startswith(prefix)}
    return mine, others


@pytest.mark.parametrize("path", python_files(UTILS / "_core", UTILS / "_plan"))
def test_the_model_is_pure(path):
    mine, others = own(path)
    assert mine <= ({"_core"} if path.parent.name == "_core" else {"_core", "_plan"})
    assert others <= PURE


@pytest.mark.parametrize("path", python_files(UTILS / "_host"))
def test_the_host_layer_knows_the_nouns_only(path):
    mine, others = own(path)
    assert mine <= {"_core", "_host"}
    assert "ansible" not in others


@pytest.mark.parametrize("path", python_files(UTILS / "_tree"))
def test_the_data_path_stands_on_the_host_layer(path):
    mine, others = own(path)
    assert mine <= {"_core", "_host", "_tree"}
    assert "ansible" not in others


@pytest.mark.parametrize("path", python_files(UTILS / "_subhost"))
def test_subhosts_stand_on_the_host_layer(path):
    mine, others = own(path)
    assert mine <= {"_core", "_host", "_subhost"}
    assert "ansible" not in others


# What runs as long as a subhost does, or beside each command in it, is to be small.
@pytest.mark.parametrize("name", ["keeper", "init", "reaper", "enter", "root", "confine", "seccomp", "services", "kernel"])
def test_what_stays_with_a_subhost_stands_on_little(name):
    lean = {"isolation", "_core.isolation", "confine", "init", "kernel", "reaper", "root", "seccomp", "services"}
    prefix = f"{PACKAGE}.module_utils."
    mine = {other[len(prefix) :] for other in imports(UTILS / f"_subhost/{name}.py") if other.startswith(prefix)}
    assert {other.replace("_subhost.", "") for other in mine} <= lean


def test_the_engine_stands_on_all_of_these():
    mine, _others = own(UTILS / "_engine.py")
    assert mine == {"_core", "_host", "_subhost", "_tree"}


def test_the_entry_knows_the_engine_only():
    mine, _others = own(UTILS / "_entry.py")
    assert mine == {"_engine"}


def test_the_command_knows_the_engine_and_what_it_prints():
    """Planners and lines are imported by name, each where a command needs it."""
    mine, _others = own(UTILS / "_cli.py")
    assert mine == {"_core", "_engine", "_host", "_terminal"}


@pytest.mark.parametrize("path", python_files(UTILS / "_lines"))
def test_what_is_printed_comes_of_results_only(path):
    mine, others = own(path)
    assert mine <= {"_lines"}
    assert others <= PURE


@pytest.mark.parametrize("path", python_files(UTILS))
def test_only_the_entry_knows_ansible(path):
    _mine, others = own(path)
    assert ("ansible" in others) == (path.name == "_entry.py")


@pytest.mark.parametrize("path", python_files(TOP / "plugins"))
def test_only_the_command_knows_argparse(path):
    _mine, others = own(path)
    assert ("argparse" in others) == (path.name == "_cli.py")


@pytest.mark.parametrize("path", python_files(UTILS))
def test_the_managed_host_needs_the_standard_library_only(path):
    _mine, others = own(path)
    assert others - {"ansible"} <= getattr(sys, "stdlib_module_names", others | {"ansible"})


@pytest.mark.parametrize("path", python_files(TOP / "plugins/modules"))
def test_a_module_is_documentation_and_one_call(path):
    mine, others = own(path)
    assert mine == {"_entry", "_plan"}
    assert others == {"__future__"}
    body = ast.parse(path.read_text(encoding="utf-8")).body
    (main,) = [node for node in body if isinstance(node, ast.FunctionDef)]
    assert len(main.body) == 1


@pytest.mark.parametrize("path", python_files(UTILS))
def test_the_syntax_is_that_of_the_oldest_python(path):
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("path", python_files(TOP / "plugins"))
def test_every_file_states_its_licence(path):
    assert "# SPDX-License-Identifier: GPL-3.0-or-later\n" in path.read_text(encoding="utf-8")


def documents(path):
    """The texts DOCUMENTATION, EXAMPLES and RETURN of a module, parsed."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign):
            yield node.targets[0].id, yaml.safe_load(ast.literal_eval(node.value))


def planner(path):
    return importlib.import_module(f"{PACKAGE}.module_utils._plan.{path.stem}")


def rules(planned):
    return getattr(planned, "RULES", {})


MODULE = pytest.mark.parametrize("path", MODULES, ids=[path.stem for path in MODULES])


@MODULE
def test_options_are_documented_as_they_are(path):
    options = dict(documents(path))["DOCUMENTATION"]["options"]
    spec = planner(path).ARGUMENTS
    facts = ("type", "elements", "required", "choices", "default")
    assert {name: {fact: option[fact] for fact in facts if fact in option} for name, option in options.items()} == {
        name: {fact: argument[fact] for fact in facts if fact in argument} for name, argument in spec.items()
    }


@MODULE
def test_examples_are_accepted(path):
    planned = planner(path)
    validator = ArgumentSpecValidator(planned.ARGUMENTS, **rules(planned))
    tasks = dict(documents(path))["EXAMPLES"]
    ours = [task[f"labs.overlayroot.{path.stem}"] for task in tasks if f"labs.overlayroot.{path.stem}" in task]
    assert ours
    for params in ours:
        result = validator.validate(params or {})
        assert result.error_messages == []
        planned.wanted(without_templates(result.validated_parameters))


def without_templates(params):
    """The texts that a template would give are not known here."""
    return {
        name: re.sub("{{.*?}}", "", value) if isinstance(value, str) else value for name, value in params.items()
    }


@MODULE
def test_examples_use_full_names(path):
    keywords = {"name", "register", "when", "loop", "become", "vars", "notify", "delegate_to", "failed_when", "changed_when"}
    for task in dict(documents(path))["EXAMPLES"]:
        (action,) = set(task) - keywords
        assert action.count(".") == 2, action


@MODULE
def test_returns_are_documented_with_a_sample(path):
    for name, value in dict(documents(path))["RETURN"].items():
        assert {"description", "returned", "type", "sample"} <= set(value), name
