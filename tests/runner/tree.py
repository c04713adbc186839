# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A copy of the collection where Ansible's tools want it: ansible_collections/labs/overlayroot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .checkout import Checkout


def grow(checkout: Checkout, top: Path) -> Path:
    """Copies the collection below top, beside the collections that it needs."""
    tree = top / "ansible_collections/labs/overlayroot"
    copy(files(checkout.root), checkout.root, tree)
    for namespace in sorted({namespace for namespace, _name in checkout.needs}):
        (top / "ansible_collections" / namespace).symlink_to(checkout.collections / "ansible_collections" / namespace)
    return tree


def files(root: Path) -> list[str]:
    """What git knows, or would know if it were added."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(argv, cwd=root, check=True, stdout=subprocess.PIPE, text=True).stdout
    return sorted(set(listed.split("\0")) - {""})


def copy(names: list[str], source: Path, target: Path) -> None:
    for name in names:
        # A file that was removed but not yet committed is still listed.
        if (source / name).is_file() or (source / name).is_symlink():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name, follow_symlinks=False)
