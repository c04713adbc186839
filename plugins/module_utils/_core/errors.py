# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one error of the collection."""

from __future__ import annotations


class OverlayrootError(Exception):
    """What is wrong with a thing, and what to do about it.

    `subject` names the thing (a path, an option, a command), `problem` says what was expected and
    what was found, `cure` what the reader can do.
    """

    def __init__(self, subject, problem, cure):
        super().__init__(subject, problem, cure)
        self.subject = subject
        self.problem = problem
        self.cure = cure

    def __str__(self):
        return f"{self.subject}: {self.problem}. {self.cure}."
