# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module's main calls: the one place that knows AnsibleModule."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule

from ._core import plan
from ._core.errors import OverlayrootError
from ._core.paths import written
from ._host.do import do
from ._host.see import see
from ._tree.changes import changes
from ._tree.layers import opened
from ._tree.text import unified


def run(planner):
    """A module that changes the host; `planner` is a file of `_plan`."""
    module = AnsibleModule(argument_spec=planner.ARGUMENTS, supports_check_mode=True, **planner.RULES)
    try:
        result = _change(planner, planner.wanted(module.params), module.check_mode)
    except OverlayrootError as error:
        module.fail_json(msg=written(str(error)))
    except Stopped as stopped:
        steps = {"steps": _show(stopped.done), "undone": _show(stopped.undone)}
        module.fail_json(msg=written(str(stopped.reason)), **_written(steps))
    module.exit_json(**_written(result))


def report(planner):
    """A module that only looks."""
    _report(planner, {}, lambda wanted: planner.show(see(planner.sight(wanted)), wanted))


def compare(planner):
    """A module that only looks, at what the layers of a union hold."""
    _report(planner, planner.RULES, lambda wanted: _compare(planner, wanted))


class Stopped(Exception):
    """Steps were done, then one could not be, and they were undone."""

    def __init__(self, reason, done, undone):
        super().__init__(str(reason))
        self.reason = reason
        self.done = done
        self.undone = undone


def _report(planner, rules, look):
    module = AnsibleModule(argument_spec=planner.ARGUMENTS, supports_check_mode=True, **rules)
    try:
        result = look(planner.wanted(module.params))
    except OverlayrootError as error:
        module.fail_json(msg=written(str(error)))
    module.exit_json(**_written(result))


def _compare(planner, wanted):
    layers = planner.layers(see(planner.sight(wanted)), wanted)
    with opened(layers.paths, layers.format) as roots:
        text = {path: unified(roots, path) for path in wanted.text}
        return planner.show(changes(roots), text, wanted)


def _change(planner, wanted, check_mode):
    seen = see(planner.sight(wanted))
    steps = planner.plan(seen, wanted)
    plan.check(steps, planner.asked(wanted))
    shown = planner.show(plan.simulate(seen, steps), wanted)
    if steps and not check_mode:
        planner.check_apply(seen, steps)
        _apply(seen, steps)
        shown = _confirm(planner, wanted, seen, steps)
    diff = {"before": planner.show(seen, wanted), "after": shown}
    return {"changed": bool(steps), "steps": _show(steps), "diff": diff, **shown}


def _apply(seen, steps):
    for number, step in enumerate(steps):
        try:
            do(step)
        except OverlayrootError as error:
            raise _stop(error, seen, steps[:number]) from error


def _confirm(planner, wanted, before, steps):
    """See again, and plan again: nothing may be left to do."""
    seen = see(planner.sight(wanted))
    try:
        left = planner.plan(seen, wanted)
    except OverlayrootError as error:
        raise _stop(_unconverged(str(error).rstrip(".")), before, steps) from error
    if left:
        raise _stop(_unconverged(", ".join(step["step"] for step in _show(left))), before, steps)
    return planner.show(seen, wanted)


def _unconverged(remainder):
    return OverlayrootError("the host", f"did not converge: {remainder}", "What was done is undone; report this")


def _stop(reason, before, done):
    """Undo what was done, as far as that goes."""
    undone = []
    for step in plan.undo(before, done):
        try:
            do(step)
            undone.append(step)
        except OverlayrootError as error:
            reason = f"{reason} Undoing failed, too: {error}"
    return Stopped(reason, done, undone)


def _show(steps):
    return [step.show() for step in steps]


def _written(value):
    """A value of which every text is fit for JSON."""
    if isinstance(value, dict):
        return {_written(key): _written(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_written(item) for item in value]
    return written(value) if isinstance(value, str) else value
