# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine makes of a small root that is a real union, in a process with mounts of its own."""

from __future__ import annotations

import os
import shutil

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils import _engine
from ansible_collections.labs.overlayroot.plugins.module_utils._core import bootconf, layout, store
from ansible_collections.labs.overlayroot.plugins.module_utils._plan import check, union_commit
from ansible_collections.labs.overlayroot.plugins.module_utils._tree import checksums, effects, flatten, watch
from ansible_collections.labs.overlayroot.plugins.module_utils._tree.apart import apart
from ansible_collections.labs.overlayroot.tests.unit.plugins.module_utils._tree.real_union import call, scratch

# What the engine imports when it needs it, which it would not find under another root.
IMPORTED = (checksums, effects, flatten, watch)
ROOT = "/run/root"
RECORD = "protected=yes\npersistence=none\ngeneration=0\n"


@pytest.fixture(autouse=True)
def _fixture_able():
    if not (shutil.which("mksquashfs") and os.access("/dev/loop-control", os.W_OK)):
        pytest.skip("needs mksquashfs and loop devices")
    with scratch():
        yield


def booted(work):
    """What `work()` gives on a host that the boot hook has booted, with its upper in RAM."""

    def inside():
        mount(b"tmpfs", "/run")
        for path in (layout.BASE, layout.DATA, layout.RAM):
            mount(b"tmpfs", path)
        for folder in (*store.FOLDERS, store.TRASH, layout.RAM + "/upper", layout.RAM + "/work", ROOT):
            os.makedirs(folder, exist_ok=True)
        write(layout.RECORD, RECORD)
        write(layout.BASE + bootconf.PATH, "backend=overlay\ndata=LABEL=data\ndata_type=ext4\n")
        for name in ("bin", "lib", "lib64", "sbin"):
            if os.path.islink(f"/{name}"):
                os.symlink(os.readlink(f"/{name}"), f"{layout.BASE}/{name}")
        options = f"lowerdir={layout.BASE},upperdir={layout.RAM}/upper,workdir={layout.RAM}/work"
        mount(b"overlay", ROOT, options)
        for folder in ("/dev", "/proc", "/run", "/sys", "/usr"):
            os.makedirs(ROOT + folder, exist_ok=True)
            call("mount", folder.encode(), (ROOT + folder).encode(), None, 0x5000, None)
        os.chroot(ROOT)
        os.chdir("/")
        return work()

    return apart(inside)


def mount(fstype, path, options=""):
    os.makedirs(path, exist_ok=True)
    call("mount", fstype, path.encode(), fstype, 0, options.encode())


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as stream:
        stream.write(text)


def defaults(planner):
    return {name: argument.get("default") for name, argument in planner.ARGUMENTS.items()}


def commit(check_mode=False, **more):
    params = {**defaults(union_commit), "source": ["/"], "upper": False, "store": "course", **more}
    return _engine.commit(union_commit, params, check_mode)


def problems():
    return _engine.change(check, defaults(check), check_mode=True)["problems"]


def test_the_root_becomes_an_image_that_the_next_boot_stands_on():
    def work():
        asked = commit(check_mode=True)
        left = os.listdir(store.LAYERS)
        made, again = commit(), commit()
        return asked, left, made, again, sorted(os.listdir(store.LAYERS)), problems()

    asked, left, made, again, layers, found = booted(work)
    assert (left, layers, found) == ([], ["course.squashfs", "course.squashfs.json"], [])
    assert asked["steps"] == made["steps"]
    assert [step["step"] for step in made["steps"]] == ["commit", "note_image", "write_file", "write_file"]
    for result in (asked, made, again):
        assert (result["generation"], result["next_boot"]) == (1, True)
    assert (made["changed"], again["changed"], again["steps"]) == (True, False, [])
    assert made["diff"]["before"]["generation"] is None
    assert made["diff"]["after"]["image"]["holds"] == "the source"


def test_a_rehearsal_makes_no_generation():
    def work():
        return commit(state="rehearsed"), os.listdir(store.LAYERS)

    told, left = booted(work)
    assert (told["changed"], "generation" in told, left) == (False, False, [])


def test_an_image_that_was_changed_is_found():
    def work():
        commit()
        with open(f"{store.LAYERS}/course.squashfs", "ab") as stream:
            stream.write(b"x")
        return problems()

    assert [(problem["subject"], problem["problem"]) for problem in booted(work)] == [
        ("layer course.squashfs", "is not what was saved")
    ]
