# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Disk images of Debian releases, made once and kept."""

import os
import platform
import tempfile
from pathlib import Path

from . import bootcode, cache, ssh, tools
from .errors import VmError
from .progress import run, say
from .recipe import FOLDER, Recipe

UNNEEDED = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*", "/usr/share/info/*")


class Image:
    """The raw image of a release in a layout, with its kernel beside it."""

    def __init__(self, release, layout="plain"):
        public = ssh.key().with_suffix(".pub")
        self.recipe = Recipe(release, layout, public.read_text(encoding="ascii"))
        self.key = public
        self.path = cache.folder("images") / f"{self.recipe.name}.raw"
        self.kernel = kernel_of(self.path)

    def ensure(self):
        """Make the image unless it is there; the path of the raw file. VmError when that fails."""
        if self.path.exists():
            return self.path
        if platform.machine() != "x86_64":
            raise VmError(f"this host is {platform.machine()}: images are made on x86_64 only")
        tools.require("mmdebstrap", "mke2fs", "sfdisk")
        if os.getuid():
            tools.require("fakeroot", "newuidmap")
        with cache.lock(self.recipe.name):
            if not self.path.exists():
                self._make()
        return self.path

    def _make(self):
        with tempfile.TemporaryDirectory(dir=cache.folder("images"), prefix="new-") as name:
            work = Path(name)
            self._assemble(self._tree(), work)
            boot, core = (work / part for part in ("boot.img", "core.img"))
            bootcode.install(work / "disk", boot.read_bytes(), core.read_bytes())
            (work / "vmlinuz").replace(self.kernel)
            (work / "disk").replace(self.path)
        say(f"made {self.path}")

    def _tree(self):
        """The release's files as a tar archive, made when missing."""
        path = cache.folder("trees") / f"{self.recipe.tree_name}.tar"
        with cache.lock(self.recipe.tree_name):
            if not path.exists():
                new = path.with_suffix(".new")
                log = cache.folder("logs") / f"{self.recipe.tree_name}.log"
                run(self._mmdebstrap(new), f"installing Debian {self.recipe.release}", log,
                    env={"ROOT_UUID": self.recipe.uuid("root"), "INIT": self.recipe.init, "INITRAMFS": self.recipe.initramfs})
                new.replace(path)
        return path

    def _mmdebstrap(self, target):
        hooks = [
            'mkdir "$1/recipe"',
            *(f"upload {quoted(path)} /recipe/{path.name}" for path in sorted(FOLDER.glob("*.sh"))),
            f"upload {quoted(self.key)} /recipe/key.pub",
            'chroot "$1" sh /recipe/guest.sh',
            'cd "$1" && rm -r recipe etc/resolv.conf && : >etc/resolv.conf',
        ]
        return [
            "mmdebstrap", "--variant=apt", "--format=tar",
            "--mode=" + ("unshare" if os.getuid() else "root"),
            "--skip=cleanup/apt,cleanup/reproducible",
            "--include=" + ",".join(self.recipe.packages()),
            *(f"--dpkgopt=path-exclude={path}" for path in UNNEEDED),
            *(f"--customize-hook={hook}" for hook in hooks),
            self.recipe.suite, str(target),
        ]

    def _assemble(self, tree, work):
        """Turn the tree into a partitioned disk in the folder work."""
        inside = ["fakeroot", "--"] if os.getuid() else []
        log = cache.folder("logs") / f"{self.recipe.name}.log"
        parts = {f"{part.upper()}_UUID": self.recipe.uuid(part) for part in ("root", "usr", "home")}
        run([*inside, "sh", str(FOLDER / "disk.sh"), self.recipe.layout, str(tree), str(work)],
            f"writing the {self.recipe.layout} disk of Debian {self.recipe.release}", log, env=parts)


def kernel_of(path):
    """The kernel of the image at path, for a boot without its boot loader."""
    return path.with_suffix(".vmlinuz")


def quoted(path):
    """A path as one word of a hook's command line."""
    return "'" + str(path).replace("'", "'\\''") + "'"
