# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._host import names

TEXTS = ["", "a/b", "é\u2028", "caf\udce9", "\udcff\n"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_from_bytes(text):
    assert names.decode(names.encode(text)) == text


@pytest.mark.parametrize("text", TEXTS)
def test_in_a_locale_of_one_byte_characters(text, monkeypatch):
    """There é is the byte e9 to Python's os functions, and two bytes to us."""
    monkeypatch.setattr(names, "_OS_SPEAKS_UTF8", False)
    monkeypatch.setattr(os, "fsencode", lambda name: name.encode("latin-1"))
    monkeypatch.setattr(os, "fsdecode", lambda raw: raw.decode("latin-1"))
    assert names.for_os(text).encode("latin-1") == names.encode(text)
    assert names.from_os(names.for_os(text)) == text


def test_in_any_other_locale():
    assert [names.from_os(names.for_os(text)) for text in TEXTS] == TEXTS
