# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long it takes to save a session, safe from crashes, beside what else does that, and `cp -a`.

The session is that of diff.py: about 10,000 files and 200 MB; with --large it is 100,000 small files and one of
2 GB. It lies in tmpfs, and is saved on an ext4 image in this folder, which is made anew for every job: ext4 is slow
to make files where some were removed just now. Needs root, and with --large 5 GB of memory and as much disk:

    unshare --mount python3 tests/bench/save.py FOLDER [--large] [--overlay BINARY]

Rivals that are not there are left out. rsync (its --fsync came with 3.2.4) and containers-storage are Debian packages
of these names; BINARY is the program `overlay` of overlayfs-tools (github.com/kmxz/overlayfs-tools). Its merge empties
the upper, so it gets a copy; it does not follow redirects, so it is left out without --large.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import diff
from module_utils._tree.copy import save
from module_utils._tree.layers import opened
from module_utils._tree.manifest import manifest

RUNS = 5
ONE_SAVE = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import save
save.Engine(sys.argv[2]).save(sys.argv[3])
print(Path("/proc/self/status").read_text())
"""


def run(*argv, **more):
    return subprocess.run(argv, check=True, **more)


def quiet(*argv):
    return run(*argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def large(folder):
    """Like a machine's home folders: the upper of a session that wrote nothing but new files."""
    ram = folder / "ram"
    ram.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=80%", "bench", ram)
    upper = ram / "upper"
    dice = random.Random(2)
    stock = dice.randbytes(1 << 20)
    for number in range(100_000):
        place = upper / f"p{number // 10_000}/d{number // 100 % 100}"
        if number % 100 == 0:
            place.mkdir(parents=True)
        start = dice.randrange(1 << 19)
        size = min(int(dice.lognormvariate(7.5, 1.2)), 1 << 16)
        (place / f"f{number}").write_bytes(stock[start : start + size])
    with open(upper / "large", "wb") as stream:
        for _megabyte in range(2000):
            stream.write(dice.randbytes(1 << 20))
    return upper


class Disk:
    """A file system that nothing was removed from."""

    def __init__(self, folder, megabytes):
        self.top = folder / "disk"
        self.top.mkdir()
        image = folder / "image"
        # Written once, so that no job waits for blocks of the image.
        run("dd", "if=/dev/zero", f"of={image}", "bs=1M", f"count={megabytes}", "oflag=direct", "status=none")
        self.device = quiet("losetup", "--find", "--show", "--direct-io=on", str(image)).strip()

    @contextlib.contextmanager
    def mounted(self):
        run("mkfs.ext4", "-qF", "-i8192", "-Elazy_itable_init=0,lazy_journal_init=0,nodiscard", self.device)
        run("mount", self.device, self.top)
        try:
            yield self.top
        finally:
            run("umount", "-R", self.top)

    def close(self):
        run("losetup", "--detach", self.device)


class Engine:
    name = "save"

    def __init__(self, upper):
        self.upper = upper

    def prepare(self, disk):
        pass

    def save(self, disk):
        above = os.open(disk, os.O_RDONLY)
        try:
            with opened([str(self.upper)], "overlay") as (root,):
                assert not save([("/", root, None)], above, "layer").changed
        finally:
            os.close(above)

    def clean(self):
        pass


class Summed(Engine):
    name = "save, with its checksum"

    def save(self, disk):
        super().save(disk)
        with opened([str(disk / "layer")], "overlay") as (layer,):
            manifest(layer)


class Copying(Engine):
    """A program that copies a tree, and a sync."""

    def __init__(self, upper, *argv):
        super().__init__(upper)
        self.argv = argv
        self.name = f"{' '.join(argv)}; sync"

    def save(self, disk):
        run(*self.argv, f"{self.upper}/", disk / "layer")
        run("sync", "-f", disk)


class Containers(Engine):
    """A layer of a store in memory becomes one of a store on the disk."""

    name = "containers-storage diff, applydiff; sync"

    def __init__(self, upper, ram):
        super().__init__(upper)
        self.here = self.store(ram / "containers")
        self.layer = quiet(*self.here, "create-layer").split()[0]
        run("mount", "--bind", upper, ram / f"containers/graph/overlay/{self.layer}/diff")

    def store(self, top):
        return ["containers-storage", "-g", str(top / "graph"), "-R", str(top / "run"), "-s", "overlay"]

    def prepare(self, disk):
        self.there = self.store(disk)
        self.target = quiet(*self.there, "create-layer").split()[0]

    def save(self, disk):
        with subprocess.Popen([*self.here, "diff", "-u", self.layer], stdout=subprocess.PIPE) as reader:
            run(*self.there, "applydiff", self.target, stdin=reader.stdout, stdout=subprocess.DEVNULL)
        assert reader.returncode == 0
        run("sync", "-f", disk)


class Merging(Engine):
    """The upper is merged into what lies below, which is empty here."""

    name = "overlay merge (overlayfs-tools); sync"

    def __init__(self, upper, ram, binary):
        super().__init__(upper)
        self.binary = os.path.realpath(binary)
        self.copy = ram / "copy"

    def prepare(self, disk):
        run("cp", "-a", self.upper, self.copy)
        (disk / "layer").mkdir()

    def save(self, disk):
        argv = [self.binary, "-l", disk / "layer", "-u", self.copy, "-i", "-f", "merge"]
        run(*argv, cwd=self.copy.parent, input="y\n" * 9, text=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        run("sync", "-f", disk)

    def clean(self):
        shutil.rmtree(self.copy, ignore_errors=True)


def jobs_that_are_there(upper, binary):
    """Ours, and those that are there."""
    yield Engine(upper)
    yield Summed(upper)
    yield Copying(upper, "cp", "-a")
    if shutil.which("rsync"):
        yield Copying(upper, "rsync", "-aHAXS", "--numeric-ids")
        yield Copying(upper, "rsync", "-aHAXS", "--numeric-ids", "--fsync")
    if shutil.which("containers-storage"):
        yield Containers(upper, upper.parent)
    if binary:
        yield Merging(upper, upper.parent, binary)


def taken(job, disk):
    """Seconds."""
    with disk.mounted() as top:
        job.prepare(top)
        run("sync")
        start = time.perf_counter()
        job.save(top)
        seconds = time.perf_counter() - start
        job.clean()
        return seconds


def measured(upper, disk, binary):
    # They take turns, so that what else the machine does hits them alike.
    times = {}
    found = list(jobs_that_are_there(upper, binary))
    for _run in range(RUNS + 1):
        for job in found:
            times.setdefault(job.name, []).append(taken(job, disk))
    # The first run fills the caches.
    return {name: runs[1:] for name, runs in times.items()}


def memory_of_save(upper, disk):
    """The most that its first process had, in MiB; the others are forked from that."""
    with disk.mounted() as top:
        status = quiet(sys.executable, "-c", ONE_SAVE, str(Path(__file__).parent), str(upper), str(top))
    return int(re.search(r"VmHWM:\s*(\d+)", status).group(1)) >> 10


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--overlay", metavar="BINARY")
    return parser.parse_args()


def main():
    args = arguments()
    with tempfile.TemporaryDirectory(dir=args.folder) as scratch, contextlib.ExitStack() as cleanup:
        folder = Path(scratch)
        cleanup.callback(subprocess.run, ["umount", "-R", folder / "ram"], check=False)
        if args.large:
            upper = large(folder)
        else:
            _base, upper, merged = diff.mount(folder)
            run("umount", merged)
        files = [path for path in upper.rglob("*") if path.is_file() and not path.is_symlink()]
        print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB in the upper")
        disk = Disk(folder, 5000 if args.large else 1000)
        cleanup.callback(disk.close)
        times = measured(upper, disk, args.overlay if args.large else None)
        memory = memory_of_save(upper, disk)
    cp = statistics.median(next(runs for name, runs in times.items() if name.startswith("cp")))
    print("| job | seconds | least | most | of cp -a |\n| --- | --- | --- | --- | --- |")
    for name, runs in times.items():
        middle = statistics.median(runs)
        print(f"| {name} | {middle:.2f} | {min(runs):.2f} | {max(runs):.2f} | {middle / cp:.2f} |")
    print(f"\nThe first process of a save took {memory} MiB at most.")


if __name__ == "__main__":
    sys.exit(main())
