# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""The YAML examples of a Markdown text, and the variables of the collection in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml


def examples(markdown: str) -> list:
    """What each example says; yaml.YAMLError where one does not parse."""
    return [yaml.safe_load(text) for text in re.findall(r"^```ya?ml\n(.*?)^```$", markdown, re.DOTALL | re.MULTILINE)]


def variables(data: object) -> Iterator[tuple[str, object]]:
    """Each variable of the collection with its value, wherever it is set in an example."""
    if isinstance(data, list):
        for item in data:
            yield from variables(item)
    elif isinstance(data, dict):
        for key, value in data.items():
            if str(key).startswith("overlayroot_"):
                yield key, value
            else:
                yield from variables(value)
