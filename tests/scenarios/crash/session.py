# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens to the store while the writes to its device are logged: saves, a reset, a rollback,
commits, a fold and deletions, with marks in the log between them, and what may be found from each mark on.

    session.py DEVICE LOG IMAGE EXPECTATIONS

IMAGE becomes a copy of the device as it was before.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import host
from overlayroot._plan import check, fold, prune, save, union_commit, union_reset

NAME = "logged"
LOGGED = f"/dev/mapper/{NAME}"
# From this mark on the store is spoilt on purpose.
SPOILT = "spoil"


class Expectation(NamedTuple):
    """What may be found where power is lost after a mark, until the next one."""

    name: str  # of the mark, one word
    persistence: str  # with which the host boots
    current: list  # the generations, each a list of layers, that may be the one to be booted
    booted: list  # [layers, what is shown] that a boot may come to; nothing is said of what is being written
    layers: dict  # that a save has reported: their checksum, None where that is made later
    pending: str = ""  # the layer that the next boot makes, or goes on making
    images: list = [[None, None]]  # what may be at the target of a commit, and beside it as the older one


class Script:
    """The state that the host is to be in, told as the log is marked."""

    def __init__(self, stream):
        self.stream = stream
        self.persistence = "none"
        self.current = []
        self.tree = {}
        self.layers = {}
        self.images = [[None, None]]
        self.one = {}  # what is shown in the first generation

    def boot(self, persistence, work):
        """The host boots anew, does its work, and is gone. What it makes of the script stays."""
        self.persistence = persistence

        def done():
            work(self)
            return self.current, self.tree, self.layers, self.images

        self.current, self.tree, self.layers, self.images = host.booted(LOGGED, persistence, done)

    def mark(self, name):
        subprocess.run(["dmsetup", "message", NAME, "0", "mark", name], check=True)

    def tell(self, name, current=(), booted=(), images=(), pending=""):
        """What may be found besides what is so already."""
        told = Expectation(
            name,
            self.persistence,
            [self.current, *current],
            [[self.current, self.tree], *booted],
            self.layers,
            pending,
            [*self.images, *images],
        )
        print(json.dumps(told._asdict()), file=self.stream, flush=True)

    def expect(self, name, **more):
        self.mark(name)
        self.tell(name, **more)


@contextlib.contextmanager
def stirred():
    """What is written reaches the device at any time, not only when it is asked for."""
    process = subprocess.Popen(["sh", "-c", "while :; do sync; done"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


def write(name):
    """A session: files, links and folders, and some of what was there gone, moved or replaced."""
    for folder in host.FOLDERS:
        os.makedirs(f"{folder}/{name}/a/b")
        for number in range(12):
            Path(f"{folder}/{name}/a/{number}").write_text(f"{name} {number}\n" * 40 * number, encoding="ascii")
        os.link(f"{folder}/{name}/a/1", f"{folder}/{name}/a/b/linked")
        os.symlink("a/2", f"{folder}/{name}/symlink")
        os.chown(f"{folder}/{name}/a/3", 1000, 1000)
        os.chmod(f"{folder}/{name}/a/3", 0o4711)
        os.setxattr(f"{folder}/{name}/a/4", "user.session", name.encode())
        if os.path.exists(f"{folder}/one/a/5"):
            os.unlink(f"{folder}/one/a/5")
            os.rename(f"{folder}/one/a/b", f"{folder}/one/moved")
    Path(f"/srv/{name}/large").write_bytes(os.urandom(1 << 20))
    shutil.rmtree("/srv/base")
    os.mkdir("/srv/base")
    Path("/srv/base/1").write_text(name, encoding="ascii")


def written(script, name):
    """A session in a persistent upper, on the disk from then on."""
    script.tree = None
    script.expect(f"write-{name}")
    write(name)
    os.sync()
    script.tree = host.shown()
    script.expect(f"{name}-is-written")


def saved(script, name, **params):
    """A session in RAM is saved at once."""
    saved_as(script, name, host.shown(), **params)


def saved_as(script, name, tree, **params):
    """A session in RAM that has left this tree is saved."""
    current = [*script.current, name]
    script.expect(f"save-{name}", current=[current], booted=[[current, tree]])
    layer = host.change(save, id=name, **params)["layer"]
    script.current, script.tree = current, tree
    script.layers[name] = layer.get("sha256")
    script.expect(f"{name}-is-saved")


def folded(script, number):
    """So many sessions become one layer; no generation needs the newest by itself from then on."""
    newest = script.current[-1]
    current = [*script.current[:-number], f"{newest}-folded"]
    del script.layers[newest]
    script.expect(f"fold-{newest}", current=[current], booted=[[current, script.tree]])
    if host.change(fold)["layers"] != current:
        raise ValueError(f"the sessions are not folded into {current}")
    script.current = current
    script.layers[current[-1]] = None
    script.expect(f"{newest}-is-folded")


def committed(script, name, **params):
    """The current generation becomes a folder, which takes the place of an older one."""
    script.mark(f"commit-{name}")
    host.commit(union_commit, source=["/"], upper=False, target=host.TARGET, format="directory", **params)
    old = script.images[0][0]
    new = host.tree(host.TARGET)
    script.tell(f"commit-{name}", images=[[new, None], [new, old]])
    script.images = [[new, old]]
    script.expect(f"{name}-is-committed")


def stored(script, name):
    """The root becomes an image in the store, which the next boot stands on; for /home the layers go on."""
    image = f"{name}.squashfs"
    current = [*script.current, image]
    tree = {path: _in_seconds(facts) if path.startswith("/srv/") else facts for path, facts in host.shown().items()}
    script.expect(f"store-{name}", current=[current], booted=[[current, tree]])
    made = host.commit(union_commit, source=["/"], upper=False, store=name, compression="lz4")
    if not made["next_boot"]:
        raise ValueError(f"the next boot does not go to the image {name}")
    script.current, script.tree = current, tree
    script.layers[image] = json.loads(Path(host.STORE, f"layers/{image}.json").read_text(encoding="ascii"))["sha256"]
    script.expect(f"{name}-is-stored")


def _in_seconds(facts):
    """As a squashfs has them."""
    mode, owner, group, time, *more = facts
    return [mode, owner, group, time // 10**9 * 10**9, *more]


def save_one(script):
    write("one")
    saved(script, "one")


def ask_for_two(script):
    written(script, "two")
    current = [*script.current, "two"]
    script.expect("ask-for-two", current=[current], booted=[[current, script.tree]])
    host.change(save, id="two")
    script.current, old = current, script.current
    # From here on every boot makes the layer, wherever the one before was cut off.
    script.expect("two-is-asked-for", current=[old], pending="two")


def ask_for_a_reset(script):
    script.layers["two"] = None
    script.expect("two-is-made")
    host.note_checksums()
    script.layers["two"] = json.loads(Path(host.STORE, "layers/two.json").read_text(encoding="ascii"))["sha256"]
    script.expect("two-has-a-checksum")
    before = script.tree
    written(script, "three")
    script.expect("ask-for-a-reset", booted=[[script.current, before]])
    host.change(union_reset, when="next_boot")
    script.tree = before
    script.expect("a-reset-is-asked-for")


def ask_for_a_rollback(script):
    script.expect("the-upper-is-new")
    with stirred():
        host.empty_trash()
    script.expect("the-trash-is-empty")
    written(script, "four")
    script.expect("ask-for-a-rollback", current=[["one"]], booted=[[["one"], script.one]])
    host.change(union_reset, when="next_boot", generation="1")
    script.current, script.tree, old = ["one"], script.one, script.current
    script.expect("a-rollback-is-asked-for", current=[old])


def commit(script):
    script.expect("generation-1-is-back")
    committed(script, "first")


def save_five(script):
    script.expect("the-upper-is-in-RAM")
    with stirred():
        write("five")
        saved(script, "five", session=True)


def commit_and_remove(script):
    script.expect("five-is-booted")
    with stirred():
        committed(script, "second", replace=True)
        shutil.copytree(f"{host.STORE}/layers/one", f"{host.STORE}/layers/unused", symlinks=True)
        script.expect("remove-a-layer")
        host.change(check, repair=True)
        script.expect("a-layer-is-removed")
        # Generation 2 goes, and with it what no other one needs.
        del script.layers["two"]
        script.expect("prune")
        host.change(prune, keep=1)
        script.expect("pruned")


def save_seven_and_fold(script):
    script.expect("pruned-is-booted")
    with stirred():
        write("seven")
        tree = host.shown()
        host.leave()
        saved_as(script, "seven", tree, session=True)
        folded(script, 2)


def store_image(script):
    script.expect("the-fold-is-booted")
    with stirred():
        stored(script, "image")


def save_six(script):
    script.expect("the-image-is-booted")
    with stirred():
        write("six")
        saved(script, "six")


def spoil(script):
    """The generation is named before it is there, and the layer comes last."""
    script.expect(SPOILT)
    for path, text in (("boot/current", "99\n"), ("generations/99", "late\n")):
        Path(host.STORE, path).write_text(text, encoding="ascii")
        os.sync()
    os.mkdir(f"{host.STORE}/layers/late")
    os.sync()


def main(device, log, image, expectations):
    subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", device], check=True)
    with open(expectations, "w", encoding="ascii") as stream:
        script = Script(stream)
        script.tree = host.booted(device, "none", host.shown)
        subprocess.run(["cp", "--sparse=always", device, image], check=True)
        size = subprocess.run(["blockdev", "--getsz", device], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        subprocess.run(["dmsetup", "create", NAME, "--table", f"0 {size} log-writes {device} {log}"], check=True)
        script.expect("begin")
        script.boot("none", save_one)
        script.one = script.tree
        script.boot("upper", ask_for_two)
        script.boot("upper", ask_for_a_reset)
        script.boot("upper", ask_for_a_rollback)
        script.boot("upper", commit)
        script.boot("none", save_five)
        script.boot("none", commit_and_remove)
        script.boot("none", save_seven_and_fold)
        script.boot("none", store_image)
        script.boot("none", save_six)
        script.boot("none", spoil)
        subprocess.run(["dmsetup", "remove", "--retry", NAME], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
