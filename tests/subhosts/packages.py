# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of Debian that the tests use, and this machine is not to have."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


def with_all_they_need(names, folder):
    """Puts the packages, and those of them that are missing here, into a folder."""
    options = ["--yes", "--no-install-recommends", "--download-only", "-oDebug::NoLocking=1", f"-oDir::Cache::archives={folder}"]
    os.makedirs(f"{folder}/partial")
    _apt([*options, "install", *names], folder)


def of_unstable(name, folder):
    """Puts a package into a folder that this release of Debian may not have."""
    targets = _said(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]).split()
    if not targets or not os.path.exists(_KEYS):
        pytest.skip("there is no mirror of Debian")
    os.makedirs(f"{folder}/lists/partial")
    with open(f"{folder}/sources", "w", encoding="ascii") as stream:
        stream.write(f"deb [signed-by={_KEYS}] {targets[0]} sid main\n")
    sources = [f"-oDir::Etc::sourcelist={folder}/sources", "-oDir::Etc::sourceparts=-", f"-oDir::State::lists={folder}/lists"]
    options = [*sources, f"-oDir::Cache::pkgcache={folder}/pkgcache", f"-oDir::Cache::srcpkgcache={folder}/srcpkgcache"]
    _apt([*options, "-oAcquire::Languages=none", "update"], folder)
    _apt([*options, "download", name], folder)


def _apt(words, folder):
    if not shutil.which("apt-get"):
        pytest.skip("needs Debian's packages")
    done = subprocess.run(["apt-get", "--quiet=2", *words], cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the mirror does not give {words[-1]}: {done.stderr}")


def _said(argv):
    return subprocess.run(argv, check=False, capture_output=True, text=True).stdout if shutil.which(argv[0]) else ""
