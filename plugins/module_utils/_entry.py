# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module's main calls: the one place that knows AnsibleModule."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from . import _engine


def run(planner):
    """A module that changes the host; `planner` is a file of `_plan`."""
    _end(planner, planner.RULES, lambda module: _engine.change(planner, module.params, module.check_mode))


def report(planner):
    """A module that only looks."""
    _end(planner, {}, lambda module: _engine.report(planner, module.params))


def compare(planner):
    """A module that only looks, at two trees that are seen through layers."""
    _end(planner, planner.RULES, lambda module: _engine.compare(planner, module.params))


def commit(planner):
    """A module that makes an image of what layers hold."""
    _end(planner, planner.RULES, lambda module: _engine.commit(planner, module.params, module.check_mode))


def _end(planner, rules, act):
    module = AnsibleModule(argument_spec=planner.ARGUMENTS, supports_check_mode=True, **rules)
    try:
        result = act(module)
    except _engine.FAILURES as error:
        module.fail_json(**_engine.failure(error))
    module.exit_json(**result)
