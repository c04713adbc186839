# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""Power is lost at the points of a log: what is on the device then, and what becomes of it by a boot.

    judge.py LOG IMAGE EXPECTATIONS SECONDS

IMAGE is the device as it was before the log. Prints a report in JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import host
from overlayroot._plan import check
from session import SPOILT
from writes import Log

# A copy of the device, for whoever mounts it to change.
VIEW = "/dev/shm/view"
# After one point of each mark the rest is gone through so often, each time others, so that those which were
# left out when time is over lie evenly between those which were not.
PASSES = (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15)

# Of all that there is in a folder, but for the times that reading changes.
SUM = (
    "tar -c --sort=name --format=posix --xattrs --xattrs-include='*'"
    " --pax-option=delete=atime,delete=ctime,exthdr.name=%d/%f . | sha256sum"
)


class Judge:
    """What is expected is known by the mark that was the last one before power was lost."""

    def __init__(self, expectations):
        self.expectations = {told["name"]: told for told in expectations}
        self.known = {}  # (mark, sum of what is found): what is wrong with it

    def wrong(self, image, mark):
        """What is wrong with a device that is like `image`, as texts."""
        subprocess.run(["cp", "--sparse=always", image, VIEW], check=True)
        expected = self.expectations[mark]
        try:
            key, found = host.looked(VIEW, lambda: self._look(expected))
            damage = _damage()
            if damage:
                return [damage]
            if (mark, key) not in self.known:
                found += host.booted(VIEW, expected["persistence"], lambda: list(_as_it_boots(expected)))
                self.known[mark, key] = found
        except RuntimeError as error:
            return [str(error)]
        return self.known[mark, key]

    def _look(self, expected):
        key = subprocess.run(SUM, shell=True, cwd=host.DATA, check=True, stdout=subprocess.PIPE, text=True).stdout
        return key, [] if (expected["name"], key) in self.known else list(_as_it_lies(expected))


def _damage():
    """Of the file system, when the kernel has brought its journal to an end."""
    argv = ["e2fsck", "-fn", VIEW]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return f"the file system is damaged: {done.stdout}" if done.returncode else ""


def _as_it_lies(expected):
    """What is wrong before anything has been done about the loss of power."""
    yield from _current(expected["current"])
    images = [host.tree(host.TARGET), host.tree(host.OLDER)]
    if images not in expected["images"]:
        yield "the target of the commit holds neither the old nor the new tree"
    told = host.change(check, check_mode=True, repair=True)
    for problem in told["diff"]["before"]["problems"]:
        if not problem["repairable"]:
            yield f"{problem['subject']}: {problem['problem']}"
    removed = {Path(step["path"]).name for step in told["steps"] if step["step"].startswith("remove_")}
    needed = {*expected["layers"], expected["pending"], f".{expected['pending']}.new"}
    for name in removed & (needed | {name + ".json" for name in needed}):
        yield f"a repair would remove {name}"
    yield from _layers(expected["layers"])


def _as_it_boots(expected):
    """What is wrong on the host that has booted, and has repaired its store."""
    before = _session(expected)
    yield from before
    for problem in host.change(check, repair=True)["problems"]:
        yield f"after a repair: {problem['subject']}: {problem['problem']}"
    if _session(expected) != before:
        yield "the repair has changed what is booted"
    yield from _layers(expected["layers"])


def _session(expected):
    current, shown = host.current(), host.shown()
    allowed = [tree for layers, tree in expected["booted"] if layers == current]
    if not allowed:
        return [f"the layers {current} are booted"]
    if None in allowed or shown in allowed:
        return []
    differing = min((_differing(shown, tree) for tree in allowed), key=len)
    return [f"with the layers {current} these are not as they were: {differing}"]


def _differing(one, other):
    return [path for path in sorted({*one, *other}) if one.get(path) != other.get(path)]


def _current(allowed):
    try:
        current = host.current()
    except (OSError, ValueError) as error:
        yield f"boot/current: {error}"
        return
    if current not in allowed:
        yield f"boot/current: the layers {current}"


def _layers(layers):
    """Of what a save has reported nothing is lost; that the checksum is that of the layer is what check says."""
    for name, checksum in layers.items():
        path = Path(host.STORE, "layers", name)
        if not path.exists():
            yield f"layer {name} is gone"
        elif checksum and json.loads(Path(f"{path}.json").read_text(encoding="ascii"))["sha256"] != checksum:
            yield f"layer {name} has another checksum"


def judged(log, judge, seconds):
    """(mark, number of the entry, what is wrong) of the points that there is time for."""
    marks, mark = {}, None
    for number, entry in enumerate(log.entries):
        mark = entry.mark if entry.mark in judge.expectations else mark
        marks[number] = mark
    points = [number for number in log.points if marks[number]]
    end = time.monotonic() + seconds
    for turn, numbers in enumerate(passes(points, marks)):
        for number, path in log.replayed(numbers):
            yield marks[number], number, judge.wrong(path, marks[number])
            if turn and time.monotonic() > end:
                return


def passes(points, marks):
    """One point of each mark, for which there is always time; then the others in the order of PASSES."""
    first = sorted({marks[number]: number for number in points}.values())
    yield first
    for offset in PASSES:
        yield [number for number in points[offset :: len(PASSES)] if number not in first]


def lost(log, judge, mark):
    """What is wrong at a mark where the device has lost the most that it was to have flushed by then."""
    last = [entry.mark for entry in log.entries].index(mark)
    _number, path = next(log.replayed([last], log.largest(last)))
    return judge.wrong(path, mark)


def main(log, image, expectations, seconds):
    log = Log(log, image)
    judge = Judge(map(json.loads, Path(expectations).read_text(encoding="ascii").splitlines()))
    found = list(judged(log, judge, float(seconds)))
    sound = [point for point in found if point[0] != SPOILT]
    report = {
        "points": len(found),
        "of": len(log.points),
        "stores": len(judge.known),
        "marks": sorted({mark for mark, _number, _wrong in sound}),
        "wrong": [point for point in sound if point[2]],
        "spoilt": [point for point in found if point[0] == SPOILT and point[2]],
        "lost": lost(log, judge, "one-is-saved"),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
