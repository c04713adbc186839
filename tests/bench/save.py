# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long it takes to save a session, safe from crashes, beside what copies of the same bytes take.

The session is that of diff.py: about 10,000 files and 200 MB in tmpfs, saved on the file system of
this folder, to which nothing else may be written meanwhile. Needs root:

    unshare --mount python3 tests/bench/save.py FOLDER
"""

from __future__ import annotations

import os
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

RUNS = 5


def engine(upper, target):
    above = os.open(target.parent, os.O_RDONLY)
    try:
        with opened([str(upper)], "overlay") as (root,):
            totals = save([("/", root)], above, target.name)
    finally:
        os.close(above)
    assert not totals.changed


def rival(argv):
    def job(upper, target):
        subprocess.run([*argv, f"{upper}/", target], check=True)
        subprocess.run(["sync", "-f", target.parent], check=True)

    return job


def jobs():
    yield "save", engine
    yield "cp -a, sync", rival(["cp", "-a"])
    if shutil.which("rsync"):
        yield "rsync -aHAX, sync", rival(["rsync", "-aHAX"])


def taken(job, upper, target):
    """Seconds, of a disk that is at rest before. What was copied stays until all is measured:
    ext4 is slow to make files where some were removed just now."""
    subprocess.run(["sync"], check=True)
    start = time.perf_counter()
    job(upper, target)
    return time.perf_counter() - start


def main():
    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as scratch:
        folder = Path(scratch)
        times = {name: [] for name, _job in jobs()}
        try:
            _base, upper, _merged = diff.mount(folder)
            files = [path for path in upper.rglob("*") if path.is_file() and not path.is_symlink()]
            print(f"{len(files)} files, {sum(path.stat().st_size for path in files) / 1e6:.0f} MB in the upper")
            # They take turns, so that what else the machine does hits them alike.
            for run in range(RUNS + 1):
                for name, job in jobs():
                    times[name].append(taken(job, upper, folder / f"{name.split()[0]}{run}"))
        finally:
            subprocess.run(["umount", folder / "merged"], check=False)
            subprocess.run(["umount", folder / "ram"], check=False)
    print("| job | seconds | least | most | of cp -a |\n| --- | --- | --- | --- | --- |")
    # The first run fills the caches.
    cp = statistics.median(times["cp -a, sync"][1:])
    for name, (_first, *runs) in times.items():
        middle = statistics.median(runs)
        print(f"| {name} | {middle:.2f} | {min(runs):.2f} | {max(runs):.2f} | {middle / cp:.2f} |")


if __name__ == "__main__":
    main()
