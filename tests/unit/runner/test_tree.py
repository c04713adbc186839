# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess

import pytest
from ansible_collections.labs.overlayroot.tests.runner import tree
from ansible_collections.labs.overlayroot.tests.runner.checkout import Checkout


@pytest.fixture(name="checkout")
def fixture_checkout(tmp_path):
    root = tmp_path / "checkout"
    (root / "plugins").mkdir(parents=True)
    (root / "requirements.yml").write_text("collections:\n  - name: ansible.posix\n    version: '>=1'\n")
    (root / ".gitignore").write_text("*.log\n.cache/\n")
    (root / "plugins/käse with space.py").write_text("new")
    (root / "plugins/run.sh").write_text("#!/bin/sh\n")
    (root / "plugins/run.sh").chmod(0o755)
    (root / "plugins/link").symlink_to("run.sh")
    (root / "plugins/gone.py").write_text("removed later")
    (root / "debug.log").write_text("ignored")
    (root / ".cache/collections/ansible_collections/ansible/posix").mkdir(parents=True)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    subprocess.run(["git", "add", "plugins/gone.py", "plugins/run.sh"], cwd=root, check=True)
    (root / "plugins/gone.py").unlink()
    return Checkout(root)


def test_files_are_those_that_git_would_keep(checkout):
    assert tree.files(checkout.root) == [
        ".gitignore",
        "plugins/gone.py",
        "plugins/käse with space.py",
        "plugins/link",
        "plugins/run.sh",
        "requirements.yml",
    ]


def test_the_tree_holds_the_collection_and_those_that_it_needs(checkout, tmp_path):
    copied = tree.grow(checkout, tmp_path / "top")
    assert copied == tmp_path / "top/ansible_collections/labs/overlayroot"
    assert (copied / "plugins/käse with space.py").read_text() == "new"
    assert (copied / "plugins/run.sh").stat().st_mode & 0o111
    assert (copied / "plugins/link").is_symlink()
    assert not (copied / "plugins/gone.py").exists()
    assert not (copied / "debug.log").exists()
    assert (tmp_path / "top/ansible_collections/ansible/posix").is_dir()
