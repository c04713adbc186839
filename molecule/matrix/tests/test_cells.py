# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of each cell of the matrix: the mark that its host made there, after it has gone on with other backends."""

import pytest


@pytest.mark.parametrize("backend", ["overlay", "unionfs_fuse", "aufs"])
def test_the_host_was_on_the_backend(host, backend):
    variables = host.ansible.get_variables()
    if backend == "unionfs_fuse" and "unionfs_fuse" not in variables["group_names"]:
        pytest.skip("Debian 13 has no package unionfs-fuse")
    kernel = host.ansible("debug", "var=kernel", check=False)["kernel"]
    if backend == "aufs" and not kernel:
        pytest.skip("needs OVERLAYROOT_AUFS_KERNEL, a bzImage with aufs built in")
    assert host.file(f"/etc/was-{backend}").content_string == f"backend={backend}\n"
