# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The unions that are mounted, and how one of them compares with one that is wanted."""

from __future__ import annotations

import posixpath

from . import layout, mountinfo
from .backends import from_mount
from .options import FLAGS
from .union import redirects


def unions(state):
    """Each mount that is a union, with the Union."""
    for mount in state.mounts:
        union = from_mount(mount, state)
        if union is not None:
            yield mount, union


def at(state, path):
    """The Union that is visible at a mount point, or None."""
    mount = mountinfo.at(state.mounts, path)
    return mount and from_mount(mount, state)


def booted(state):
    """Each union that the boot hook made, with its mount, that of the root first; none where the root is none."""
    root = mountinfo.at(state.mounts, "/")
    union = root and from_mount(root, state)
    if not union or union.upper is None or not layout.is_union(state):
        return ()
    above = posixpath.dirname(union.upper) + "/mounts"
    others = [(mount, other) for mount, other in unions(state) if other.upper and mountinfo.is_within(other.upper, above)]
    return ((root, union), *sorted(others, key=lambda pair: pair[0].path))


def place_of_layer(state, mount, path):
    """The Place that a layer of a mounted union had before the union was mounted, which may have
    been over that very layer; None where the path is relative or was not looked at."""
    if path not in state.paths:
        return None
    return mountinfo.place(mountinfo.without(state.mounts, mount), state.real(path))


def in_words_of(state, mounted, wanted):
    """`mounted`, with the layers and options that agree with those of `wanted` spelled as there."""
    mount = mountinfo.at(state.mounts, mounted.path)

    def respell(old, new):
        if None in (old, new):
            return old
        place = place_of_layer(state, mount, old)
        return new if place is not None and place == place_of_layer(state, mount, new) else old

    lower = mounted.lower
    if len(lower) == len(wanted.lower):
        lower = tuple(map(respell, lower, wanted.lower))
    spelled = dict(zip((*mounted.lower, mounted.upper), (*lower, respell(mounted.upper, wanted.upper))))
    respelled = mounted._replace(
        lower=lower,
        upper=spelled[mounted.upper],
        work=respell(mounted.work, wanted.work),
        permissions={spelled[path]: permission for path, permission in mounted.permissions.items()},
    )
    differing = _differing_options(respelled, wanted, state.overlay)
    agreed = {name: value for name, value in wanted.options.items() if name not in differing}
    others = {name: value for name, value in mounted.options.items() if name in differing}
    return respelled._replace(options={**agreed, **others})


def differences(state, mounted, wanted):
    """What of `wanted` a mounted union does not have: {name: (mounted, wanted)}.

    Compares the options that `wanted` states, and flags.
    """
    respelled = in_words_of(state, mounted, wanted)
    layers = {
        name: (getattr(respelled, name), getattr(wanted, name))
        for name in ("backend", "lower", "upper", "work", "permissions")
        if getattr(respelled, name) != getattr(wanted, name)
    }
    return {**layers, **_differing_options(respelled, wanted, state.overlay)}


def _differing_options(mounted, wanted, parameters):
    if wanted.backend != "overlay":
        # What is in no table cannot be compared.
        pairs = {name: (mounted.options[name], value) for name, value in wanted.options.items() if name in mounted.options}
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    flags = [name for name in FLAGS if name in mounted.options]
    pairs = {name: (mounted.options.get(name), wanted.options.get(name)) for name in (*wanted.options, *flags)}
    read_only = wanted.upper is None
    return {name: pair for name, pair in pairs.items() if not _agree(name, *pair, read_only, parameters)}


def _agree(name, mounted, wanted, read_only, parameters):
    if name == "redirect_dir":
        return redirects(mounted, read_only, parameters) == redirects(wanted, read_only, parameters)
    if name == "index" and read_only:
        return True
    if name == "xino":
        return wanted == "auto" or mounted in (None, wanted)
    if name == "uuid":
        # Where the layers are on several file systems the kernel makes `off` the same as `null`.
        return wanted == "auto" or (mounted or "on") == wanted or (mounted, wanted) == ("null", "off")
    return mounted == wanted
