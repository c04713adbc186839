# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long it takes to reset a union, beside the removal of what its upper holds and a new file system.

Uppers of several sizes lie on an ext4 image in this folder. Needs root:

    unshare --mount python3 tests/bench/reset.py FOLDER
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import diff  # noqa: F401  pylint: disable=unused-import  # where module_utils are found
from module_utils import _engine
from module_utils._plan import union_reset

RUNS = 5
SIZES = (100, 10_000, 100_000)
IMAGE = "4G"


def run(*argv):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def fill(upper, files):
    """With empty files, a hundred in a folder."""
    for number in range(0, files, 100):
        folder = upper / f"folder{number}"
        folder.mkdir(parents=True)
        for name in range(100):
            (folder / f"file{name}").touch()


def union(disk, name):
    """Mounted over an empty lower; its upper."""
    for folder in ("lower", f"{name}/upper", f"{name}/work", f"{name}/merged"):
        (disk / folder).mkdir(parents=True, exist_ok=True)
    top = disk / name
    options = f"lowerdir={disk}/lower,upperdir={top}/upper,workdir={top}/work"
    run("mount", "-t", "overlay", "overlay", "-o", options, str(top / "merged"))
    return top / "upper"


def reset(disk):
    params = {"path": str(disk / "ours/merged"), "when": "now", "generation": None, "keep": [], "method": "discard", "id": None}
    params["discard_saved"] = False
    assert _engine.change(union_reset, params, False)["changed"]


def removal(disk):
    run("rm", "-rf", str(disk / "theirs/upper"))
    run("sync", "-f", str(disk))


def new_file_system(folder):
    run("mkfs.ext4", "-q", "-F", str(folder / "other"))


def taken(job):
    run("sync")
    start = time.perf_counter()
    job()
    return 1000 * (time.perf_counter() - start)


def measure(folder, disk, files):
    """Milliseconds of each job, RUNS times."""
    times = {"union_reset": [], "rm -rf, sync": [], "mkfs.ext4": []}
    for _run in range(RUNS):
        upper = union(disk, "ours")
        fill(upper, files)
        times["union_reset"].append(taken(lambda: reset(disk)))
        run("umount", str(disk / "ours/merged"))
        wait_for_removal(upper.parent)
        fill(disk / "theirs/upper", files)
        times["rm -rf, sync"].append(taken(lambda: removal(disk)))
        times["mkfs.ext4"].append(taken(lambda: new_file_system(folder)))
    return times


def wait_for_removal(folder):
    """Of what the reset has left to the background."""
    while any(".reset-" in path.name for path in folder.iterdir()):
        time.sleep(0.05)


def main():
    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as scratch:
        folder = Path(scratch)
        disk = folder / "disk"
        disk.mkdir()
        for image in ("image", "other"):
            run("truncate", "--size", IMAGE, str(folder / image))
        run("mkfs.ext4", "-q", "-F", str(folder / "image"))
        run("mount", "-o", "loop", str(folder / "image"), str(disk))
        try:
            print("| files in the upper | job | milliseconds | least | most |\n| --- | --- | --- | --- | --- |")
            for files in SIZES:
                for job, runs in measure(folder, disk, files).items():
                    print(f"| {files} | {job} | {statistics.median(runs):.1f} | {min(runs):.1f} | {max(runs):.1f} |")
        finally:
            run("umount", "--recursive", str(disk))


if __name__ == "__main__":
    main()
