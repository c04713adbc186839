# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import yaml
from ansible_collections.labs.overlayroot.tests.tools.examples import examples, variables


def test_examples():
    assert examples("a\n```yaml\nb: 1\n```\n```\nnot: this\n```\n```yml\n- c\n```\n") == [{"b": 1}, ["c"]]


def test_an_example_that_does_not_parse():
    with pytest.raises(yaml.YAMLError):
        examples("```yaml\na: [\n```\n")


def test_variables():
    play = [{"vars": {"overlayroot_data": "x", "other": 1}, "all": {"hosts": {"a": {"overlayroot_mounts": []}}}}]
    assert list(variables(play)) == [("overlayroot_data", "x"), ("overlayroot_mounts", [])]
