# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.labs.overlayroot.plugins.module_utils._lines import generations

LAYERS = [{"id": "a", "label": "first", "time": "2026-01-02T03:04:05Z"}, {"id": "b"}]


def rows(store):
    return [line.split() for line in generations.lines(store)][1:]


def test_a_host_without_a_store():
    assert rows(None) == [["0", "*", "-", "-", "the", "bare", "base"]]


def test_each_is_told_of_by_its_newest_layer():
    store = {
        "generations": [{"number": 1, "layers": ["a"]}, {"number": 2, "layers": ["a", "b"]}, {"number": 4, "layers": ["gone"]}],
        "current": 2,
        "layers": LAYERS,
    }
    assert rows(store) == [
        ["0", "-", "-", "-", "the", "bare", "base"],
        ["1", "-", "2026-01-02T03:04:05Z", "first", "a"],
        ["2", "*", "-", "-", "a", "b"],
        ["4", "-", "-", "-", "gone"],
    ]


def test_a_store_that_does_not_say_which_is_current():
    assert rows({"generations": [], "current": None, "layers": []})[0][:2] == ["0", "-"]
