# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a planner, a file of `_plan`, on a host: the same behind every door.

Results are what a module returns: every text in them is fit for JSON. What not every planner needs is imported where it is:
a command is started often.
"""

from __future__ import annotations

import contextlib
from functools import partial

from ._core import plan, store
from ._core.errors import OverlayrootError
from ._core.paths import written
from ._core.state import Sight
from ._host import interrupts, lock
from ._host.do import EFFECTS as HOST_EFFECTS
from ._host.do import do
from ._host.see import see
from ._tree import holding


def _unwatched(read):
    return contextlib.nullcontext()


def change(planner, params, check_mode, meanwhile=_unwatched):
    """What was done to the host, or in check mode would be.

    Each step takes place within `meanwhile(read)`; `read()` tells how far it is, or None where it does not tell.
    """
    wanted = planner.wanted(params)
    with lock.held(() if check_mode else planner.locked(wanted)):
        return _change(planner, wanted, check_mode, meanwhile)


def _change(planner, wanted, check_mode, meanwhile):
    seen = _see(planner.sight(wanted))
    steps = planner.plan(seen, wanted)
    plan.check(steps, planner.asked(wanted))
    shown = planner.show(plan.simulate(seen, steps), wanted)
    if steps and not check_mode:
        planner.check_apply(seen, steps)
        with interrupts.held():
            _apply(seen, steps, meanwhile)
            shown = _confirm(planner, wanted, seen, steps)
    diff = {"before": planner.show(seen, wanted), "after": shown}
    return _written({"changed": bool(steps), "steps": _show(steps), "diff": diff, **shown})


def report(planner, params, in_part=False):
    """What is seen of the host; `in_part` where only root sees the rest."""
    wanted = planner.wanted(params)
    seen = _see(planner.sight(wanted), in_part)
    return _written(planner.show(seen, wanted))


def compare(planner, params):
    """What differs between two trees that are seen through layers."""
    from ._tree.changes import changes
    from ._tree.layers import compared
    from ._tree.text import unified

    wanted = planner.wanted(params)
    comparison = planner.comparison(_see(planner.sight(wanted)), wanted)
    with compared(comparison.parts, comparison.format) as parts:
        text = {path: unified(parts, path, (comparison.old, comparison.new)) for path in wanted.text}
        return _written(planner.show(changes(parts), text, comparison, wanted))


def commit(planner, params, check_mode, meanwhile=_unwatched):
    """What was made of the tree below a union, or in check mode would be.

    The effect is compared with its source before it counts: there is nothing to be seen again. It takes place
    within `meanwhile(read)`; `read()` tells how far it is.
    """
    wanted = planner.wanted(params)
    with lock.held(() if check_mode else planner.locked(wanted)):
        return _commit(planner, wanted, check_mode, meanwhile)


def _commit(planner, wanted, check_mode, meanwhile):
    from ._tree import flatten

    then = planner.then(wanted)
    if then:
        # What refuses that is to be known before the image is made.
        _change(*then, True, meanwhile)
    job = planner.job(see(planner.sight(wanted)), wanted)
    with interrupts.held():
        found = flatten.look(job, not (wanted.rehearsed or job.is_used))
        steps = planner.plan(found, job, wanted)
        plan.check(steps, planner.asked(job, wanted))
        after = plan.simulate(found, steps)
        if not check_mode:
            for step in steps:
                with meanwhile(partial(_progress, step.path)):
                    after = after._replace(size=flatten.commit(step))
    diff = {"before": planner.show(found, job), "after": planner.show(after, job)}
    result = _written({"changed": bool(steps), "steps": _show(steps), "diff": diff, **diff["after"]})
    return _together(result, _change(*then, check_mode, meanwhile)) if then else result


def _together(one, other):
    """Two results as one."""
    diff = {side: {**one["diff"][side], **other["diff"][side]} for side in ("before", "after")}
    steps = one["steps"] + other["steps"]
    return {**one, **other, "changed": bool(steps), "steps": steps, "diff": diff}


def note_checksums(planner, params, check_mode):
    """What was noted of the layers of a store that had no checksum, or in check mode would be.

    Each is read while nobody is kept waiting, and what is noted of it stays, whatever becomes of the others.
    """
    from ._tree.checksums import checksum

    wanted = planner.wanted(params)
    steps = []
    for read in planner.lacking(_see(planner.sight(wanted)), wanted):
        found = checksum(read.layer, read.about, f"{wanted.store}/layers")
        if found is not None:
            with lock.held(() if check_mode else planner.locked(read)):
                steps += _change(planner, read._replace(checksum=found), check_mode, _unwatched)["steps"]
    return _written({"changed": bool(steps), "steps": steps, **planner.show(_see(planner.sight(wanted)), wanted)})


class Stopped(Exception):
    """Steps were done, then one could not be, and they were undone."""

    def __init__(self, reason, done, undone):
        super().__init__(str(reason))
        self.done = done
        self.undone = undone


FAILURES = (OverlayrootError, Stopped)


def failure(error):
    """What is told of one of FAILURES."""
    told = {"msg": str(error)}
    if isinstance(error, Stopped):
        told.update(steps=_show(error.done), undone=_show(error.undone))
    return _written(told)


def _see(sight, in_part=False):
    if sight.subhost or sight.subhosts:
        from ._subhost import sight as subhost_sight
    described = subhost_sight.described(*sight.subhost) if sight.subhost else None
    seen = see(_of_subhost(sight, described) if described else sight)
    if seen.unreadable and not in_part:
        raise OverlayrootError(f"path {seen.unreadable[0]}", "cannot be read by this user", "Become root")
    if sight.kept:
        seen = seen._replace(only_kept=holding.only_kept(seen, *sight.kept))
    if described or sight.subhosts:
        seen = seen._replace(subhosts=subhost_sight.subhosts(described))
    if sight.alone:
        seen = seen._replace(alone=holding.is_alone(seen, sight.alone))
    if sight.checksums:
        from ._tree.checksums import checksums

        seen = seen._replace(checksums=checksums(seen, sight.checksums))
    return seen


def _of_subhost(sight, described):
    """The layers that its root may be made of are known from its store."""
    if not described.store:
        return sight._replace(paths=(*sight.paths, *described.paths))
    folders = store.folders_of(described.store)
    found = store.at(see(Sight(folders=folders)), described.store)
    layers = (f"{described.store}/layers/{name}" for name in (found.layers if found else ()))
    return sight._replace(paths=(*sight.paths, *described.paths, *layers), folders=folders)


def _apply(seen, steps, meanwhile):
    for number, step in enumerate(steps):
        try:
            interrupts.check()
            with meanwhile(partial(_progress, step.show()["path"])):
                _do(step)
        except OverlayrootError as error:
            raise _stop(error, seen, steps[:number]) from error


def _progress(path):
    from ._tree.watch import progress_of

    return progress_of(path)


def _do(step):
    do(step, _effect(type(step)))


def _effect(kind):
    """None for what the host layer does."""
    if kind in HOST_EFFECTS:
        return None
    if kind.__module__.endswith("subhost_steps"):
        from ._subhost.effects import EFFECTS
    else:
        from ._tree.effects import EFFECTS
    return EFFECTS[kind]


def _confirm(planner, wanted, before, steps):
    """See again, and plan again: nothing may be left to do. It is all one change, of one time."""
    seen = _see(planner.sight(wanted))._replace(time=before.time, uptime=before.uptime)
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
            _do(step)
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
