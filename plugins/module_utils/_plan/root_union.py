# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module root_union wants, and the steps to it."""

from __future__ import annotations

from typing import NamedTuple

from .._core import backends, bootconf, command, exit_root, initramfs, inits, layout, targets
from .._core.bootconf import BootConf
from .._core.errors import OverlayrootError
from .._core.options import check_combination, check_options, complete_options
from .._core.state import Sight
from .._core.steps import BuildInitramfs, MakeDir, RemoveDir, RemoveFile, RestoreInitramfs, WriteFile
from .._core.union import Union

ARGUMENTS = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "backend": {"type": "str", "choices": ["overlay", "aufs", "unionfs_fuse"], "default": "overlay"},
    "backend_fallback": {"type": "str", "choices": ["", "overlay", "aufs", "unionfs_fuse"], "default": ""},
    "persistence": {"type": "str", "choices": ["none", "session", "upper"], "default": "none"},
    "data": {"type": "str", "default": ""},
    "data_type": {"type": "str", "default": ""},
    "data_options": {"type": "str", "default": "noatime"},
    "ram_size": {"type": "str", "default": "50%"},
    "ram_inodes": {"type": "int", "default": 0},
    "on_failure": {"type": "str", "choices": ["open", "closed"], "default": "open"},
    "options": {"type": "dict", "default": {}},
    "keep_generations": {"type": "int", "default": 0},
    "keep_days": {"type": "int", "default": 0},
    "keep_size": {"type": "str", "default": ""},
    "fold_seconds": {"type": "int", "default": 90},
    "targets": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "upper": {"type": "str", "required": True},
            "store": {"type": "str"},
        },
    },
    "library": {"type": "str", "required": True},
    "adapters": {
        "type": "dict",
        "required": True,
        "options": {
            tool.option: {
                "type": "dict",
                "required": True,
                "options": {"boot": {"type": "str", "required": True}, "build": {"type": "str", "required": True}},
            }
            for tool in initramfs.TOOLS
        },
    },
    "halt_script": {"type": "str", "required": True},
    # Of no use in the host's log and in results.
    "command": {"type": "str", "required": True, "no_log": True},
    "manual": {"type": "str", "required": True},
    "completion": {"type": "str", "required": True},
}
RULES = {}

NEXT = layout.CONFIG + "/boot/next"
FOLDERS = (layout.CONFIG, layout.CONFIG + "/boot", "/usr/local/lib/overlayroot", *command.FOLDERS)
ALL_FOLDERS = (*FOLDERS, *(folder for tool in initramfs.TOOLS for folder in tool.folders))


class Wanted(NamedTuple):
    state: str
    conf: BootConf  # data_type empty: as it is found
    options: dict
    files: dict  # path: (content, mode), without the configuration and the adapters
    adapters: dict  # tool that makes the initramfs: such files

    @property
    def paths(self):
        """Of all these files."""
        return [*self.files, *(path for files in self.adapters.values() for path in files)]


def wanted(params):
    conf = BootConf(
        params["backend"],
        params["persistence"],
        params["data"],
        params["data_type"],
        params["data_options"],
        params["ram_size"],
        str(params["ram_inodes"] or ""),
        params["on_failure"],
        keep_generations=str(params["keep_generations"] or ""),
        keep_days=str(params["keep_days"] or ""),
        keep_size=params["keep_size"],
        fold_seconds=str(params["fold_seconds"] or ""),
        backend_fallback=params["backend_fallback"],
    )
    files = {
        initramfs.LIBRARY: (params["library"], 0o644),
        exit_root.HALT: (params["halt_script"], 0o755),
        targets.PATH: (targets.text(params["targets"]), 0o644),
        command.COMMAND: (command.decoded(params["command"]), 0o755),
        command.MANUAL: (params["manual"], 0o644),
        command.COMPLETION: (params["completion"], 0o644),
    }
    if params["targets"] and conf.persistence != "session":
        raise OverlayrootError("targets", "are saved when a host goes down that keeps sessions", "Use the persistence session, or give none")
    adapters = {
        tool: {tool.boot: (given["boot"], 0o755), tool.build: (given["build"], 0o755)}
        for tool, given in ((tool, params["adapters"][tool.option]) for tool in initramfs.TOOLS)
    }
    return Wanted(params["state"], conf, check_options(params["options"]), files, adapters)


def asked(wanted):
    """What may go: the files that this module writes, and the request to the next boot."""
    return layout.both([*wanted.paths, bootconf.PATH, NEXT])


def locked(wanted):
    return layout.LOCKED


def sight(wanted):
    return Sight(
        paths=(*layout.both(ALL_FOLDERS), *(tool.program for tool in initramfs.TOOLS), *initramfs.RIVALS, *inits.PATHS),
        files=layout.both([*wanted.paths, bootconf.PATH, NEXT]),
        folders=layout.both(ALL_FOLDERS),
        initramfs=True,
        programs=(initramfs.OWN.program,),
        devices=(wanted.conf.data,) if wanted.conf.data and wanted.state == "present" else (),
    )


def plan(seen, wanted):
    return _remove(seen, wanted) if wanted.state == "absent" else _put(seen, wanted)


def check_apply(seen, steps):
    layout.check_changeable(seen, steps)


def show(state, wanted):
    found = state.files[layout.base(state, bootconf.PATH)]
    return {
        "protected": layout.is_union(state),
        "conf": bootconf.parse(found.content)._asdict() if found else {},
        "files": sorted(path for path in wanted.paths if state.files[layout.base(state, path)] is not None),
        "backends": {release: backends.chosen(wanted.conf, usable) for release, usable in sorted(state.backends.items())},
        "initramfs": {release: initramfs.starts_union(image) for release, image in sorted(state.initramfs.items())},
    }


def _put(seen, wanted):
    _check_host(seen, wanted)
    conf = _complete(seen, wanted)
    tool = _tool(seen)
    files = {**wanted.files, **wanted.adapters[tool], bootconf.PATH: (conf.text, 0o644)}
    library = wanted.files[initramfs.LIBRARY][0]
    folders = (layout.base(seen, path) for path in (*FOLDERS, *tool.folders))
    others = (layout.base(seen, path) for path in wanted.paths if path not in files)
    return (
        *(RemoveFile(path) for path in others if seen.files[path] is not None),
        *(MakeDir(path) for path in folders if not seen.paths[path].kind),
        *(
            WriteFile(layout.base(seen, path), content, mode)
            for path, (content, mode) in files.items()
            if not _holds(seen, path, content)
        ),
        *(
            BuildInitramfs(release)
            for release, image in sorted(seen.initramfs.items())
            if initramfs.lacking(image, library, backends.needed(conf, seen.backends[release]))
        ),
    )


def _holds(seen, path, content):
    found = seen.files[layout.base(seen, path)]
    return found is not None and found.content == content


def _tool(seen):
    """What makes the initramfs of the host's kernels."""
    found = [tool for tool in initramfs.TOOLS if seen.paths[tool.program].kind and (tool != initramfs.OWN or tool.program in seen.static)]
    if not found:
        raise OverlayrootError("/boot", "this host has nothing to make an initramfs of", "Install initramfs-tools, dracut or a static busybox")
    return found[0]


def _check_host(seen, wanted):
    if not seen.initramfs:
        raise OverlayrootError("/boot", "no kernel has an initramfs", f"Have {_tool(seen).name} make them")
    for path, package in initramfs.RIVALS.items():
        if seen.paths[path].kind:
            raise OverlayrootError(
                package, "makes the root a union too (%s), and both cannot" % path, "apt-get purge %s" % package
            )
    backends.check(wanted.conf, seen.backends)
    if "unionfs_fuse" in (wanted.conf.backend, wanted.conf.backend_fallback) and inits.of(seen) == "busybox":
        raise OverlayrootError(
            "backend unionfs_fuse",
            "serves the root by a program, and busybox's init ends all programs while it still needs the root",
            "Use another backend, or another init system",
        )
    bootconf.check(wanted.conf, seen.memory)


def _complete(seen, wanted):
    options = complete_options(wanted.options, seen.kernel)
    check_combination(options, writable=True)
    if "volatile" in options and wanted.conf.persistence == "upper":
        raise OverlayrootError(
            "option volatile", "the kernel refuses an upper that was once volatile", "Leave it out or use persistence none"
        )
    conf = wanted.conf._replace(options=Union("/", (), options=options).mount_options().partition(",")[2])
    if not conf.data:
        return conf._replace(data_type="", data_options="")
    found = seen.devices[conf.data]
    if not found and conf.data_type:
        return conf
    bootconf.check_data(conf.data, found)
    return conf._replace(data_type=found)


def _remove(seen, wanted):
    paths = [layout.base(seen, path) for path in (*wanted.paths, bootconf.PATH, NEXT)]
    gone = [path for path in paths if seen.files[path] is not None]
    return (
        *map(RemoveFile, gone),
        *(
            RestoreInitramfs(release)
            for release, image in sorted(seen.initramfs.items())
            if initramfs.starts_union(image)
        ),
        *map(RemoveDir, _emptied(seen, gone)),
    )


def _emptied(seen, gone):
    """The folders with nothing in them once `gone` is; another role's file may still be in one, or anyone's."""
    gone, emptied = set(gone), []
    for folder in (layout.base(seen, path) for path in reversed(ALL_FOLDERS)):
        names = seen.folders[folder] or {}
        if seen.paths[folder].kind and gone.issuperset(f"{folder}/{name}" for name in names):
            emptied.append(folder)
            gone.add(folder)
    return emptied
