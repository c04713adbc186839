# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store on the data file system: saved layers, generations, and which one is booted."""

from __future__ import annotations

import json
import re
from itertools import takewhile
from typing import NamedTuple

from . import layout, mountinfo
from .errors import OverlayrootError

TOP = layout.STORE
LAYERS = TOP + "/layers"
GENERATIONS = TOP + "/generations"
BOOT = TOP + "/boot"
CONVERTED = TOP + "/layers.aufs"  # as aufs can read them, where a boot needed that
KEPT = TOP + "/kept"
TRANSIT = TOP + "/transit"
TRASH = TOP + "/trash"
CURRENT = BOOT + "/current"
NEXT = BOOT + "/next"
# How a store is laid out.
VERSION = "1"

# How the names of images end: of what was committed, for a generation to stand on.
_IMAGES = (".squashfs", ".ext4")

# What the boot hook takes for a layer: nothing that leads out of the store, nothing that is hidden.
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")


def folders_of(top):
    """What a State must know to have the store at `top` read from it."""
    return (top, top + "/layers", top + "/generations", top + "/boot")


FOLDERS = folders_of(TOP)


class Store(NamedTuple):
    """`layers` is {id: what its record says}, `generations` {number: ids, the lowest layer first}; a
    damaged generation has the value None. `current` is None where it is damaged."""

    layers: dict
    generations: dict
    current: int
    top: str = TOP

    @property
    def above(self):
        """The folder of the layers."""
        return self.top + "/layers"

    def generation(self, number):
        """The file of a generation."""
        return f"{self.top}/generations/{number}"

    @property
    def current_file(self):
        """Which generation is booted by default is noted there."""
        return self.top + "/boot/current"

    def booted(self):
        """The generation that is booted unless another one is asked for."""
        if self.current is None:
            raise OverlayrootError("boot/current", "holds no number", "Run overlayrootctl check --repair")
        return self.current

    def next_number(self):
        """Of the generation to be made: none is ever used again."""
        return 1 + max(self.generations)

    def ids(self, number):
        """The layers of a generation that can be booted."""
        if number not in self.generations:
            known = ", ".join(map(str, sorted(self.generations)))
            raise OverlayrootError(f"generation {number}", "the store does not have it", f"Use one of {known}")
        ids = self.generations[number]
        missing = ["its file"] if ids is None else ["layer " + name for name in ids if name not in self.layers]
        if missing:
            raise OverlayrootError(
                f"generation {number}", f"is damaged: {missing[0]} cannot be read", "Use another generation"
            )
        return ids

    def ids_up_to(self, name):
        """The layer of that name, and those that it was written over: of the newest generation that has it."""
        if name not in self.layers:
            known = ", ".join(self.layers) or "nothing: it has none"
            raise OverlayrootError(f"layer {name}", "the store does not have it", f"Use one of {known}")
        numbers = [number for number, ids in self.generations.items() if name in (ids or ())]
        if not numbers:
            raise OverlayrootError(
                f"layer {name}", "is in no generation, so nothing says what it was written over", "Give upper and lower"
            )
        ids = self.ids(max(filter(self.is_whole, numbers), default=max(numbers)))
        return ids[: ids.index(name) + 1]

    def of_layer(self, name):
        """The newest generation that has a layer on top, or None."""
        numbers = [number for number, ids in self.generations.items() if ids and ids[-1] == name]
        return max(numbers, default=None)

    def uses(self, name):
        """Whether a generation has a layer."""
        return any(name in (ids or ()) for ids in self.generations.values())

    def sessions(self, ids):
        """Those on top of these layers that can be made one, the newest first."""
        return tuple(takewhile(lambda name: self.layers.get(name, {}).get("session"), reversed(ids)))

    def is_whole(self, number):
        ids = self.generations[number]
        return ids is not None and all(name in self.layers for name in ids)

    def before(self, number):
        """The newest whole generation that is older than `number`."""
        older = [known for known in self.generations if known < number and self.is_whole(known)]
        if not older:
            raise OverlayrootError(
                f"generation {number}", "there is none before it", "Save one first, or name the generation"
            )
        return max(older)


def of(state, top=TOP):
    """The Store on the data file system of a State that knows its folders, None where there is none to be seen."""
    return None if mountinfo.at(state.mounts, layout.DATA) is None else at(state, top)


def at(state, path):
    """The Store of a State that knows its folders, None where there is none."""
    top, saved, generations, boot = (state.folders[folder] for folder in folders_of(path))
    if generations is None:
        return None
    version = (top or {}).get("version", VERSION).strip()
    if version != VERSION:
        raise OverlayrootError(
            f"store {path}", f"has the version {version!r}, and version {VERSION} is what is known here", "Use a newer labs.overlayroot"
        )
    names = [name for name in saved or {} if not name.startswith(".") and not name.endswith(".json")]
    numbered = {int(name): _ids(text) for name, text in generations.items() if name.isdecimal()}
    return Store(
        {name: _about(saved.get(name + ".json")) for name in sorted(names)},
        {0: (), **numbered},
        _number((boot or {}).get("current") or "0"),
        path,
    )


def needed(state, top=TOP):
    """The Store, or an error that says why there is none."""
    store = of(state, top)
    if store is None and top != TOP:
        raise OverlayrootError(f"store {top}", "is not there", "Save something into it first")
    if store is None:
        raise OverlayrootError(
            "the store",
            "no data file system is mounted",
            "Provision the host with overlayroot_data, and boot it into its union",
        )
    return store


def bootable(state, number):
    """The layers of a generation that the next boot may be asked for; every host has the bare base."""
    return needed(state).ids(number) if number else ()


def lowers(ids, mounted=""):
    """The folders that show a generation of these layers, the topmost first; `mounted` is the image that can be seen."""
    image = image_of(ids)
    if image and image != mounted:
        raise OverlayrootError(f"image {image}", "is not mounted, so it cannot be read", "Boot a generation that stands on it")
    return (*folders(ids[ids.index(image) + 1 :] if image else ids), layout.IMAGE if image else layout.BASE)


def folders(ids):
    """Those of the layers that are no images, the topmost first."""
    return tuple(f"{LAYERS}/{name}" for name in reversed(ids) if not is_image(name))


def image_of(ids):
    """What a generation of these layers stands on; empty for the base."""
    return next(filter(is_image, reversed(ids)), "")


def check_id(name):
    if not _ID.match(name):
        raise OverlayrootError(
            f"layer {name}", "is no name of a layer", "Use letters, digits, '_', '-' and '.', which is not to be the first"
        )
    if is_image(name):
        raise OverlayrootError(f"layer {name}", "is what an image would be called", "Use a name that ends otherwise")


def is_image(name):
    """Whether a layer is one: it holds all that the root shows through the layers before it, and the base."""
    return name.endswith(_IMAGES)


def text(ids):
    """The file of a generation."""
    return "".join(name + "\n" for name in ids)


def _ids(text):
    ids = tuple((text or "").split())
    return ids if text is not None and all(map(_ID.match, ids)) else None


def _number(text):
    text = text.strip()
    return int(text) if text.isdecimal() else None


def _about(text):
    try:
        about = json.loads(text or "")
    except ValueError:
        return {}
    return about if isinstance(about, dict) else {}
