# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `overlayrootctl check` prints of a result of the planner check."""

from __future__ import annotations

from .table import table


def is_problem(result):
    return bool(result["problems"])


def lines(result):
    if not result["problems"]:
        yield "The store is whole."
        return
    yield from table([("what", "is wrong", "repair"), *map(_problem, result["problems"])])
    if any(problem["repairable"] for problem in result["problems"]):
        yield "The same with --repair ends those that can be repaired."


def _problem(problem):
    return (problem["subject"], problem["problem"], "possible" if problem["repairable"] else "")
