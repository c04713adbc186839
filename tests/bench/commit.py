# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long it takes to commit a session and its base, beside mksquashfs of a tree that is merged already.

The session is that of diff.py, over its base: about 20,000 files. All of it, the merged copy too, lies
in tmpfs; images are written to this folder's file system. Needs root and about 2 GB of memory:

    unshare --mount python3 tests/bench/commit.py FOLDER [COMPRESSION]...
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import diff
from module_utils._core.commit import Commit, Image, Source
from module_utils._tree import flatten
from module_utils._tree.apart import apart
from module_utils._tree.image import FORMATS
from module_utils._tree.merged import merged

RUNS = 5


def rival(tree, target, compression):
    argv = ["mksquashfs", tree, target, "-comp", compression, "-noappend", "-no-progress", "-quiet"]
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["sync", "-f", target], check=True)


def image(source, target, compression):
    """What makes the image, without what is done to be sure of it."""
    step = Commit(source, Image(str(target), "squashfs", compression))
    apart(partial(_image, step))
    subprocess.run(["sync", "-f", target], check=True)


def _image(step):
    folder = os.open(os.path.dirname(step.path), os.O_RDONLY)
    with merged(step.source) as (root, path):
        FORMATS["squashfs"].make(root, path, folder, step, lambda size: None)
    os.rename("layer", step.path, src_dir_fd=folder)


def commit(source, target, compression):
    """All that the module does: sizes, image, flush, comparison, rename."""
    step = Commit(source, Image(str(target), "squashfs", compression))
    flatten.commit(step._replace(tree=flatten.look(step, True).tree))


def taken(job, target):
    subprocess.run(["sync"], check=True)
    start = time.perf_counter()
    job(target)
    seconds = time.perf_counter() - start
    size = target.stat().st_size
    target.unlink()
    return seconds, size


def measure(folder, merged_copy, source, compression):
    jobs = {
        f"mksquashfs -comp {compression} of the merged tree": lambda target: rival(merged_copy, target, compression),
        "the image through the layers": lambda target: image(source, target, compression),
        "all of union_commit, compared with its source": lambda target: commit(source, target, compression),
    }
    times = {name: [] for name in jobs}
    sizes = {}
    # They take turns, so that what else the machine does hits them alike.
    for _run in range(RUNS + 1):
        for name, job in jobs.items():
            seconds, sizes[name] = taken(job, folder / "image")
            times[name].append(seconds)
    print(f"\n| {compression} | seconds | least | most | of mksquashfs | MB |\n| --- | --- | --- | --- | --- | --- |")
    first = statistics.median(next(iter(times.values()))[1:])
    for name, (_first, *runs) in times.items():
        middle = statistics.median(runs)
        print(
            f"| {name} | {middle:.2f} | {min(runs):.2f} | {max(runs):.2f} | {middle / first:.2f} | {sizes[name] / 1e6:.1f} |",
            flush=True,
        )


def main():
    compressions = sys.argv[2:] or ["zstd", "lz4", "gzip"]
    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as scratch:
        folder = Path(scratch)
        try:
            memory = folder / "memory"
            memory.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "bench", memory], check=True)
            base, upper, whole = diff.mount(memory)
            copy = memory / "copy"
            subprocess.run(["cp", "-a", whole, copy], check=True)
            subprocess.run(["umount", whole], check=True)
            files = [path for path in copy.rglob("*") if path.is_file() and not path.is_symlink()]
            print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB")
            for compression in compressions:
                measure(folder, copy, Source(layers=(str(upper), str(base))), compression)
        finally:
            subprocess.run(["umount", "-R", memory], check=False)


if __name__ == "__main__":
    main()
