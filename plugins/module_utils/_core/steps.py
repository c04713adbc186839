# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to a host, one effect each.

A step says what it is (`show`), what a State becomes by it (`simulate`), which steps take it back
(`undo`, given the State before it), and whether something is lost by it (`destroys`). Its effect
is the function of the same name in `_host/do.py`. Paths are absolute and link-free.
"""

from __future__ import annotations

import json
import posixpath
from typing import NamedTuple

from . import backends, bootconf, initramfs, initrd, inits, layout, mountinfo, store
from .state import File
from .union import Union


class MakeDir(NamedTuple):
    path: str
    mode: int = 0o755
    uid: int = 0
    gid: int = 0

    destroys = False

    def show(self):
        return {"step": "make_dir", "path": self.path, "mode": f"{self.mode:04o}"}

    def simulate(self, state):
        return state.with_kind(self.path, "directory", mode=self.mode, uid=self.uid, gid=self.gid, is_empty=True)

    def undo(self, before):
        return (RemoveDir(self.path),)


class RemoveDir(NamedTuple):
    """Of an empty folder."""

    path: str

    destroys = False

    def show(self):
        return {"step": "remove_dir", "path": self.path}

    def simulate(self, state):
        return state.with_kind(self.path, "")

    def undo(self, before):
        info = next(info for info in before.paths.values() if info.real == self.path)
        return (MakeDir(self.path, info.mode, info.uid, info.gid),)


class WriteFile(NamedTuple):
    """Of a whole file. One that exists keeps its owner, mode and extended attributes."""

    path: str
    content: str
    mode: int = 0o644

    destroys = False

    def show(self):
        return {"step": "write_file", "path": self.path}

    def simulate(self, state):
        seen = state.files.get(self.path)
        mode = self.mode if seen is None else seen.mode
        return state.with_file(self.path, File(self.content, mode))

    def undo(self, before):
        seen = before.file(self.path)
        return (RemoveFile(self.path) if seen is None else WriteFile(self.path, seen.content),)


class OverwriteFile(NamedTuple):
    """Of the content of a file that is there, in place.

    For one line on the base of a running union only: a union that has looked at a file goes on
    holding it, and while it holds one that was replaced the kernel does not make the base
    read-only again (EBUSY).
    """

    path: str
    content: str

    destroys = False

    def show(self):
        return {"step": "overwrite_file", "path": self.path}

    def simulate(self, state):
        return state.with_file(self.path, state.files[self.path]._replace(content=self.content))

    def undo(self, before):
        return (OverwriteFile(self.path, before.files[self.path].content),)


class RemoveFile(NamedTuple):
    path: str

    destroys = True

    def show(self):
        return {"step": "remove_file", "path": self.path}

    def simulate(self, state):
        return state.with_file(self.path, None)

    def undo(self, before):
        seen = before.file(self.path)
        return (WriteFile(self.path, seen.content, seen.mode),)


class Mount(NamedTuple):
    union: Union

    destroys = False

    def show(self):
        return {"step": "mount", **self.union.show()}

    def simulate(self, state):
        union = self.union
        below = mountinfo.visible(state.mounts, union.path)
        mount = mountinfo.Mount(
            id=1 + max((mount.id for mount in state.mounts), default=0),
            parent=below.id if below else 0,
            device=f"0:{union.path}",
            root="/",
            path=union.path,
            options=("rw", "relatime"),
            tags=(),
            fstype=union.fstype,
            source=union.source,
            super_options=union.shown(),
        )
        for path in union.work_folders():
            state = state.with_kind(path, "directory")
        return state._replace(mounts=(*state.mounts, mount), aufs={**state.aufs, **union.branches()})

    def undo(self, before):
        made = [path for path in self.union.work_folders() if path in before.paths and not before.paths[path].kind]
        return (Unmount(self.union), *map(RemoveDir, reversed(made)))


class Unmount(NamedTuple):
    """Of the topmost mount at the path of `union`, which it is."""

    union: Union

    destroys = False

    def show(self):
        return {"step": "unmount", "path": self.union.path}

    def simulate(self, state):
        mount = mountinfo.at(state.mounts, self.union.path)
        return state._replace(mounts=mountinfo.without(state.mounts, mount))

    def undo(self, before):
        return (Mount(self.union),)


class ChangeBranches(NamedTuple):
    """Of a mounted aufs from those of `old` to those of `new`, while it is in use."""

    old: Union
    new: Union

    destroys = False

    def show(self):
        return {"step": "change_branches", **self.new.show()}

    def simulate(self, state):
        name = dict(mountinfo.at(state.mounts, self.new.path).super_options)["si"]
        return state._replace(aufs={**state.aufs, name: self.new.listed()})

    def undo(self, before):
        return (ChangeBranches(self.new, self.old),)


class Bind(NamedTuple):
    """Of a folder and all that is mounted in it, to be seen at another path, too."""

    source: str
    path: str

    destroys = False

    def show(self):
        return {"step": "bind", "path": self.path, "source": self.source}

    def simulate(self, state):
        number = max(mount.id for mount in state.mounts)
        top = mountinfo.visible(state.mounts, self.source)
        below = [mount for mount in state.mounts if mount.path.startswith(self.source + "/")]
        made = [top._replace(path=self.source, root=mountinfo.place(state.mounts, self.source).path), *below]
        parents = {mount.id: number + place for place, mount in enumerate(made, 1)}
        parents[top.parent] = mountinfo.visible(state.mounts, self.path).id
        copies = tuple(
            mount._replace(id=parents[mount.id], parent=parents[mount.parent], path=self.path + mount.path[len(self.source) :])
            for mount in made
        )
        return state._replace(mounts=(*state.mounts, *copies))

    def undo(self, before):
        return (Unbind(self.path),)


class Unbind(NamedTuple):
    """Of what a Bind has made, whoever looks at it by now."""

    path: str

    destroys = False

    def show(self):
        return {"step": "unbind", "path": self.path}

    def simulate(self, state):
        return state._replace(mounts=mountinfo.without(state.mounts, mountinfo.at(state.mounts, self.path)))

    def undo(self, before):
        return ()


class Remount(NamedTuple):
    """Of a file system that is mounted at `path`, read-only or writable."""

    path: str
    read_only: bool

    destroys = False

    def show(self):
        return {"step": "remount", "path": self.path, "read_only": self.read_only}

    def simulate(self, state):
        access = "ro" if self.read_only else "rw"
        return state._replace(
            mounts=tuple(
                mount._replace(
                    options=(access, *mount.options[1:]), super_options=((access, None), *mount.super_options[1:])
                )
                if mount.path == self.path
                else mount
                for mount in state.mounts
            )
        )

    def undo(self, before):
        return (Remount(self.path, mountinfo.at(before.mounts, self.path).read_only),)


class SetAside(NamedTuple):
    """Of a folder and all that is in it, to a new name in the same file system."""

    path: str
    aside: str

    destroys = False

    def show(self):
        return {"step": "set_aside", "path": self.path, "aside": self.aside}

    def simulate(self, state):
        return state.with_kind(self.path, "").with_entry(self.path, None).with_entry(self.aside, "")

    def undo(self, before):
        return (PutBack(self.path, self.aside),)


class PutBack(NamedTuple):
    path: str
    aside: str

    destroys = False

    def show(self):
        return {"step": "put_back", "path": self.path}

    def simulate(self, state):
        return state.with_kind(self.path, "directory").with_entry(self.aside, None)

    def undo(self, before):
        return (SetAside(self.path, self.aside),)


class RemoveTree(NamedTuple):
    """Of what of the union at `path` was set aside, while the host goes on with other things."""

    path: str
    aside: str

    destroys = True

    def show(self):
        return {"step": "remove_tree", "path": self.path}

    def simulate(self, state):
        return state

    def undo(self, before):
        return ()


class RenewFilesystem(NamedTuple):
    """Of the one that holds the upper of the union at `path`, which is unmounted: a new one takes its place, with the
    same names, and in it these folders."""

    path: str
    mount: mountinfo.Mount
    folders: tuple

    destroys = True

    def show(self):
        return {"step": "renew_filesystem", "path": self.path, "device": self.mount.source}

    def simulate(self, state):
        for folder in self.folders:
            state = state.with_kind(folder, "directory", is_empty=True)
        return state

    def undo(self, before):
        return ()


class CopyUp(NamedTuple):
    """Of a folder that a union shows: the upper is to hold it, too."""

    path: str

    destroys = False

    def show(self):
        return {"step": "copy_up", "path": self.path}

    def simulate(self, state):
        return state

    def undo(self, before):
        return ()


class PrepareKept(NamedTuple):
    """Of the folders in the store that lead to what survives a reset: `uppers` is (path, upper, kept paths)
    of each, where the first is how the store calls that upper."""

    path: str
    uppers: tuple

    destroys = False

    def show(self):
        return {"step": "prepare_kept", "path": self.path}

    def simulate(self, state):
        return state

    def undo(self, before):
        return ()


class Keep(NamedTuple):
    """Of what survives a reset at once: `names` are paths in the upper that was set aside, and will be in the new one,
    which is empty."""

    path: str
    aside: str
    names: tuple
    format: str

    destroys = False

    def show(self):
        return {"step": "keep", "path": self.path}

    def simulate(self, state):
        return state._replace(only_kept=True)

    def undo(self, before):
        return (GiveBack(*self),)


class GiveBack(NamedTuple):
    """Of what a Keep has moved; the new upper goes with it."""

    path: str
    aside: str
    names: tuple
    format: str

    destroys = False

    def show(self):
        return {"step": "give_back", "path": self.path}

    def simulate(self, state):
        return state.with_kind(self.path, "")._replace(only_kept=False)

    def undo(self, before):
        return ()


class SaveLayer(NamedTuple):
    """Of the uppers of mounted unions, as they are now: `uppers` is (mount point, upper, layers below) of
    each, that of the root first. `label` is of the user's making; the layer goes without the extended attributes
    that are `dropped`, into the folder `above`."""

    id: str
    uppers: tuple
    label: str
    upper_format: str  # that of the root; those of other file systems are overlayfs's, as layers are
    dropped: tuple = ()
    above: str = store.LAYERS
    is_session: bool = False

    destroys = False
    format = "overlay"

    def show(self):
        return {"step": "save_layer", "path": self.path}

    @property
    def path(self):
        return f"{self.above}/{self.id}"

    @property
    def about(self):
        """What is noted of it, besides what it is found to hold."""
        return {"label": self.label, "format": self.format, **({"session": True} if self.is_session else {})}

    def simulate(self, state):
        return state.with_entry(self.path, "").with_entry(self.path + ".json", json.dumps(self.about))

    def undo(self, before):
        return (RemoveLayer(self.id, self.above),)


class ConvertLayer(NamedTuple):
    """Of the folder `source` in the format `old` into one in the format `new`; it lies on the layers `below`, and the
    paths `apart` in it are not of its file system."""

    path: str
    source: str
    old: str
    new: str
    below: tuple
    apart: tuple

    destroys = False

    def show(self):
        return {"step": "convert_layer", "path": self.path}

    def simulate(self, state):
        return state.with_kind(self.path, "directory")

    def undo(self, before):
        return ()


class FlushLinks(NamedTuple):
    """Of those that an aufs only pretends: they become links in its upper, as the step before a save."""

    union: Union

    destroys = False

    def show(self):
        return {"step": "flush_links", "path": self.union.path}

    def simulate(self, state):
        return state

    def undo(self, before):
        return ()


class KeepAwake(NamedTuple):
    """A process that serves a file system by FUSE: however it was stopped, it goes on when it is asked for something."""

    pid: int

    destroys = False

    def show(self):
        return {"step": "keep_awake", "path": f"/proc/{self.pid}"}

    def simulate(self, state):
        return state._replace(awake=True)

    def undo(self, before):
        return ()


class FoldLayers(NamedTuple):
    """Of the layers `ids`, the newest first, into one that shows the same; `paths` are the mount points of what they hold,
    that of the root first."""

    id: str
    ids: tuple
    paths: tuple
    label: str
    above: str = store.LAYERS

    destroys = False
    format = "overlay"

    def show(self):
        return {"step": "fold_layers", "path": self.path, "layers": list(self.ids)}

    @property
    def path(self):
        return f"{self.above}/{self.id}"

    @property
    def about(self):
        return {"label": self.label, "format": self.format, "session": True}

    def simulate(self, state):
        return state.with_entry(self.path, "").with_entry(self.path + ".json", json.dumps(self.about))

    def undo(self, before):
        return (RemoveLayer(self.id, self.above),)


class NoteImage(NamedTuple):
    """Of what is to be known about an image in the store: its checksum above all."""

    id: str

    destroys = False

    def show(self):
        return {"step": "note_image", "path": self.path}

    @property
    def path(self):
        return f"{store.LAYERS}/{self.id}.json"

    def simulate(self, state):
        return state.with_entry(self.path, json.dumps({"format": self.id.rpartition(".")[2]}))

    def undo(self, before):
        return (RemoveFile(self.path),)


class RemoveLayer(NamedTuple):
    """Of a layer that no generation needs."""

    id: str
    above: str = store.LAYERS

    destroys = True

    def show(self):
        return {"step": "remove_layer", "path": self.path}

    @property
    def path(self):
        return f"{self.above}/{self.id}"

    def simulate(self, state):
        return state.with_entry(self.path, None).with_entry(self.path + ".json", None)

    def undo(self, before):
        return ()


class AddScript(NamedTuple):
    """Of an init script, which the init system links into the folder of what it runs when the host goes down."""

    init: str
    path: str
    folder: str
    content: str

    destroys = False

    def show(self):
        return {"step": "add_script", "path": self.path}

    def simulate(self, state):
        return state.with_file(self.path, File(self.content, 0o755)).with_entry(f"{self.folder}/{posixpath.basename(self.path)}", "")

    def undo(self, before):
        seen = before.file(self.path)
        return (RemoveScript(*self[:3]) if seen is None else AddScript(*self[:3], seen.content),)


class RemoveScript(NamedTuple):
    init: str
    path: str
    folder: str

    destroys = True

    def show(self):
        return {"step": "remove_script", "path": self.path}

    def simulate(self, state):
        for name in state.folders[self.folder]:
            if inits.is_link(name):
                state = state.with_entry(f"{self.folder}/{name}", None)
        return state.with_file(self.path, None)

    def undo(self, before):
        seen = before.file(self.path)
        return () if seen is None else (AddScript(*self, seen.content),)


class BuildInitramfs(NamedTuple):
    """Of one kernel, from the files as they are; the image that it had before the union is kept."""

    release: str

    destroys = False

    def show(self):
        return {"step": "build_initramfs", "path": "/boot/initrd.img-" + self.release}

    def simulate(self, state):
        conf, library = (state.files[layout.base(state, path)] for path in (bootconf.PATH, initramfs.LIBRARY))
        ready = [tool for tool in initramfs.TOOLS if state.files[layout.base(state, tool.build)]]
        image = initramfs.without_union(state.initramfs[self.release])
        if ready and conf and library:
            needed = backends.needed(bootconf.parse(conf.content), state.backends[self.release])
            image = initramfs.with_union(image, library.content, needed, ready[0])
        return state._replace(initramfs={**state.initramfs, self.release: image})

    def undo(self, before):
        started_union = initramfs.starts_union(before.initramfs[self.release])
        return (self if started_union else RestoreInitramfs(self.release),)


class MakeInitrd(NamedTuple):
    """By a recipe, in the place of what its file holds."""

    recipe: initrd.Recipe

    destroys = False

    def show(self):
        return {"step": "make_initrd", "path": self.recipe.path}

    def simulate(self, state):
        made = state.initrds[self.recipe]
        return state._replace(initrds={**state.initrds, self.recipe: made._replace(content=made.wanted)})

    def undo(self, before):
        """It is whole, and the only step where it is made."""
        return ()


class RestoreInitramfs(NamedTuple):
    """Of one kernel, as it was before the union."""

    release: str

    destroys = False

    def show(self):
        return {"step": "restore_initramfs", "path": "/boot/initrd.img-" + self.release}

    def simulate(self, state):
        image = initramfs.without_union(state.initramfs[self.release])
        return state._replace(initramfs={**state.initramfs, self.release: image})

    def undo(self, before):
        return (BuildInitramfs(self.release),)


# What comes of these depends on the files of the host.
MADE_FROM_FILES = (BuildInitramfs, RestoreInitramfs)
