# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The effects of those steps that are about whole trees. What not every one needs is imported where it is: nobody wants to wait
for it while a host goes down."""

from __future__ import annotations

import contextlib
import json
import os
import time
from functools import partial

from .._core import steps, store, times
from .._host import files, interrupts
from . import removal
from .background import in_background
from .below import Below
from .copy import save
from .layers import opened


def _save_layer(step):
    with contextlib.ExitStack() as stack:
        above = stack.enter_context(files.folder(step.above))
        (root, *others), convert = step.uppers, None
        parts = [_part(stack, "overlay", *upper) for upper in others]
        if step.upper_format == "overlay":
            parts.insert(0, _part(stack, "overlay", *root))
        else:
            from .convert import Conversion

            path, upper, below = root
            roots = _roots(stack, upper, step.upper_format, below)
            parts.insert(0, (path, roots[0], None))
            convert = Conversion(roots, "overlay", [path for path, *_upper in others], _tell).run
        totals = save(parts, above, step.id, _tell, step.dropped, convert=convert)
    _note_layer(step, totals)


def _convert_layer(step):
    from .convert import Conversion

    with contextlib.ExitStack() as stack:
        above, name = stack.enter_context(files.parent(step.path))
        roots = _roots(stack, step.source, step.old, step.below)
        convert = Conversion(roots, step.new, step.apart, _tell).run
        save([("/", roots[0], None)], above, os.fsdecode(name), _tell, convert=convert)


def _roots(stack, path, format, below):
    """The root folders of a layer in that format, and of those below it, which overlayfs can read."""
    if format == "overlay":
        return stack.enter_context(opened([path, *below], format))
    return (*stack.enter_context(opened([path], format)), *stack.enter_context(opened(below, "overlay")))


def _fold_layers(step):
    from .fold import fold

    with contextlib.ExitStack() as stack:
        above = stack.enter_context(files.folder(step.above))
        newest, *older = stack.enter_context(opened([f"{step.above}/{name}" for name in step.ids], step.format))
        parts = [("/", newest, None)]
        totals = save(parts, above, step.id, _tell, fold=partial(fold, older, step.paths, _tell))
    _note_layer(step, totals)


def _note_layer(step, totals):
    """Nobody waits for the checksum of a session, which is saved by a host that goes down: it is noted after the next boot."""
    found = totals._asdict()
    if "session" not in step.about:
        from .manifest import manifest

        with opened([step.path], step.format) as (layer,):
            found["sha256"] = manifest(layer)
    _note(step.path + ".json", step.about, found)


def _tell(files, size):
    interrupts.check()


def _note_image(step):
    from .checksums import of_image

    with files.parent(f"{store.LAYERS}/{step.id}") as (above, name):
        blocks = os.stat(name, dir_fd=above, follow_symlinks=False).st_blocks
    _note(step.path, {"format": step.id.rpartition(".")[2]}, {"bytes": 512 * blocks, "sha256": of_image(step.id)})


def _note(path, about, found):
    noted = {**about, "time": time.strftime(times.FORMAT, time.gmtime()), **found}
    files.write(path, json.dumps(noted) + "\n", 0o644)


def _part(stack, format, path, upper, lower):
    below = stack.enter_context(contextlib.closing(Below((upper, *lower), format)))
    return (path, *stack.enter_context(opened([upper], format)), below)


def _prepare_kept(step):
    from . import kept

    with contextlib.ExitStack() as stack:
        above, name = stack.enter_context(files.parent(step.path))
        uppers = [(path, *stack.enter_context(opened([upper], "overlay")), names) for path, upper, names in step.uppers]
        kept.prepare(above, os.fsdecode(name), uppers)


def _keep(step):
    from . import kept

    try:
        with opened([step.aside], step.format) as (old,), files.folder(step.path) as new:
            kept.move(old, new, step.names)
            os.fsync(new)
    except BaseException:
        _give_back(step)
        raise


def _give_back(step):
    from . import kept

    with files.folder(step.path) as new, files.folder(step.aside) as old:
        kept.move_back(new, old, step.names)
    with files.parent(step.path) as (above, name):
        removal.remove(above, os.fsdecode(name))


def _remove_layer(step):
    """What is in the trash when the power goes is deleted after the next boot."""
    aside = f"layer-{step.id}-{os.getpid()}"
    places = {step.path: aside}
    if step.above == store.LAYERS:
        places[f"{store.CONVERTED}/{step.id}"] = aside + "-converted"
    with files.folder(store.TRASH) as trash:
        for path, place in places.items():
            with contextlib.suppress(FileNotFoundError), files.parent(path) as (above, name):
                os.rename(name, place, src_dir_fd=above, dst_dir_fd=trash)
                os.fsync(above)
                in_background(partial(removal.remove, trash, place))
    with contextlib.suppress(FileNotFoundError):
        files.remove(step.path + ".json")


def _remove_tree(step):
    """And what an interrupted removal left beside it."""
    with files.parent(step.aside) as (above, name):
        kind = name.rpartition(b"-")[0] + b"-"
        left = [other for other in os.listdir(above) if os.fsencode(other).startswith(kind)]
        in_background(lambda: [removal.remove(above, other) for other in left])


EFFECTS = {
    steps.GiveBack: _give_back,
    steps.Keep: _keep,
    steps.PrepareKept: _prepare_kept,
    steps.SaveLayer: _save_layer,
    steps.ConvertLayer: _convert_layer,
    steps.FoldLayers: _fold_layers,
    steps.NoteImage: _note_image,
    steps.RemoveLayer: _remove_layer,
    steps.RemoveTree: _remove_tree,
}
