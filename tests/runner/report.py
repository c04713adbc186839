# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each gate, and the table of all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from .counts import Counts

HEAD = ("gate", "result", "seconds", "passed", "failed", "skipped")


@dataclass(frozen=True)
class Result:
    gate: str
    verdict: str
    seconds: float
    counts: Counts
    trouble: str = ""


def total(results: list[Result]) -> Counts:
    return sum((result.counts for result in results), Counts())


def table(results: list[Result]) -> str:
    rows = [HEAD, *map(_row, results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(_line(row, widths) for row in rows)


def _row(result: Result) -> tuple[str, ...]:
    counts = result.counts
    return (
        result.gate,
        result.verdict,
        f"{result.seconds:.0f}",
        str(counts.passed),
        str(counts.failed),
        str(counts.skipped),
    )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    texts = [cell.ljust(width) for cell, width in zip(row[:2], widths[:2])]
    numbers = [cell.rjust(width) for cell, width in zip(row[2:], widths[2:])]
    return "  ".join(texts + numbers)


def closing(results: list[Result], seconds: float) -> str:
    """All that is said at the end; the last line is for programs."""
    troubles = [f"--- {result.gate} ---\n{result.trouble}" for result in results if result.trouble]
    lines = ["", *troubles, table(results), "", *skips(results), *failures(results)]
    return "\n".join([*lines, f"{len(results)} gates took {seconds:.0f} s.", str(total(results))])


def skips(results: list[Result]) -> list[str]:
    """Every reason for a skip, once for each gate."""
    return [
        f"{result.gate}: {number} skipped: {reason}"
        for result in results
        for reason, number in Counter(result.counts.reasons).items()
    ]


def failures(results: list[Result]) -> list[str]:
    """Every test that failed, in a line: near the end, where a log that was cut off still has it."""
    return [f"{result.gate}: failed: {failure}" for result in results for failure in result.counts.failures]
