# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long it takes to say what a session has changed, beside what others take.

A session of about 10,000 files and 200 MB is written through a mounted overlay, in tmpfs over this
folder's file system. Needs root:

    unshare --mount python3 tests/bench/diff.py FOLDER [BINARY]

Rivals that are not there are left out. rsync and containers-storage are Debian packages of these names; BINARY is
the program `overlay` of overlayfs-tools (github.com/kmxz/overlayfs-tools). Those two read the layers, as ours does.
"""

from __future__ import annotations

import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "plugins"))

from module_utils._core.comparison import Part  # noqa: E402
from module_utils._tree.changes import changes  # noqa: E402
from module_utils._tree.layers import compared  # noqa: E402

RUNS = 5


def fill(folder, dice, files):
    """Like a package: many small files and some large ones, a few levels deep."""
    for number in range(files):
        place = folder / f"p{number // 100}" / f"d{number // 10 % 10}"
        place.mkdir(parents=True, exist_ok=True)
        size = int(dice.lognormvariate(8.7, 1.6))
        (place / f"f{number}").write_bytes(dice.randbytes(min(size, 1 << 22)))


def work(merged, dice):
    """A session: packages, edits, touched and renamed files, folders that go and come."""
    fill(merged / "new", dice, 9000)
    there = sorted(path for path in (merged / "usr").rglob("f*") if path.is_file())
    dice.shuffle(there)
    for number, path in enumerate(there[:1000]):
        job = number % 5
        if job == 0:
            path.write_bytes(path.read_bytes() + b"more")
        elif job == 1:
            path.chmod(0o600)
        elif job == 2:
            path.unlink()
        elif job == 3:
            path.rename(path.with_suffix(".old"))
        else:
            # Copied up, and as it was.
            status = path.stat()
            path.touch()
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.rename(merged / "usr/p0", merged / "usr/renamed")
    shutil.rmtree(merged / "usr/p1")
    (merged / "usr/p1").mkdir()


def mount(folder):
    """The folders of a union of which the lower is on the file system of `folder`."""
    base, ram, merged = (folder / name for name in ("base", "ram", "merged"))
    for path in (base, ram, merged):
        path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "bench", ram], check=True)
    for name in ("upper", "work"):
        (ram / name).mkdir()
    dice = random.Random(1)
    fill(base / "usr", dice, 12000)
    options = f"lowerdir={base},upperdir={ram}/upper,workdir={ram}/work,redirect_dir=on,index=off,metacopy=off"
    subprocess.run(["mount", "-t", "overlay", "bench", "-o", options, merged], check=True)
    work(merged, dice)
    return base, ram / "upper", merged


def engine(upper, base):
    part = Part("/", (str(upper), str(base)), (str(base),))
    with compared([part], "overlay") as parts:
        return Counter(change.kind for change in changes(parts) if change.path)


def containers_storage(base, upper, ram):
    """The command that lists the changes of the upper, as a layer over the base in a store."""
    store = ["containers-storage", "-g", ram / "graph", "-R", ram / "run", "-s", "overlay"]
    layer = None
    for content in (base, upper):
        done = subprocess.run([*store, "create-layer", *filter(None, [layer])], check=True, capture_output=True, text=True)
        layer = done.stdout.split()[0]
        subprocess.run(["mount", "--bind", content, ram / f"graph/overlay/{layer}/diff"], check=True)
    return [*store, "changes", layer]


def rivals(base, upper, merged, binary):
    jobs = {
        "union_diff": lambda: engine(upper, base),
        "find -printf": ["find", upper, "-printf", "%p %y %s %m %U %G %T@\\n"],
        "rsync -n": ["rsync", "-n", "-a", "--delete", "--itemize-changes", f"{merged}/", f"{base}/"],
        "diff -rq": ["diff", "-rq", "--no-dereference", base, merged],
    }
    if shutil.which("containers-storage"):
        jobs["containers-storage changes"] = containers_storage(base, upper, upper.parent)
    if binary:
        jobs["overlay diff -v (overlayfs-tools)"] = [binary, "-l", base, "-u", upper, "-i", "-v", "diff"]
    for name, job in jobs.items():
        if callable(job):
            yield name, job
        elif shutil.which(job[0]):
            yield name, lambda job=job: subprocess.run(
                job, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
            )


def medians(jobs):
    """Of each job in seconds. They take turns, so that what else the machine does hits them alike."""
    times = {name: [] for name in jobs}
    for _run in range(RUNS + 1):
        for name, job in jobs.items():
            start = time.perf_counter()
            job()
            times[name].append(time.perf_counter() - start)
    # The first run fills the caches.
    return {name: statistics.median(taken[1:]) for name, taken in times.items()}


def main():
    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as scratch:
        folder = Path(scratch)
        try:
            base, upper, merged = mount(folder)
            files = [path for path in upper.rglob("*") if path.is_file() and not path.is_symlink()]
            size = sum(path.stat().st_size for path in files)
            print(f"{len(files)} files, {size / 1e6:.0f} MB in the upper; {dict(engine(upper, base))}")
            times = medians(dict(rivals(base, upper, merged, next(iter(sys.argv[2:]), None))))
        finally:
            subprocess.run(["umount", folder / "merged"], check=False)
            subprocess.run(["umount", "-R", folder / "ram"], check=False)
    print("| job | seconds | of find |\n| --- | --- | --- |")
    for name, seconds in times.items():
        print(f"| {name} | {seconds:.3f} | {seconds / times['find -printf']:.2f} |")


if __name__ == "__main__":
    main()
