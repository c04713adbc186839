# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._host import server

# It answers the kernel's first question, as of protocol 7.19 (include/uapi/linux/fuse.h), and every other one by ENOSYS.
SERVER = """
import contextlib, ctypes, os, struct, sys
fd = os.open("/dev/fuse", os.O_RDWR)
libc = ctypes.CDLL(None, use_errno=True)
options = b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd
if libc.mount(b"test", os.fsencode(sys.argv[1]), b"fuse.test", ctypes.c_ulong(0), options):
    sys.exit(os.strerror(ctypes.get_errno()))
print("mounted", flush=True)
while True:
    _length, operation, unique = struct.unpack_from("=IIQ", os.read(fd, 1 << 20))
    answer = struct.pack("=IIIIHHI", 7, 19, 4096, 0, 4, 4, 4096) if operation == 26 else b""
    with contextlib.suppress(OSError):
        os.write(fd, struct.pack("=IiQ", 16 + len(answer), 0 if answer else -38, unique) + answer)
"""

pytestmark = pytest.mark.skipif(not (os.path.exists("/dev/fuse") and os.geteuid() == 0), reason="needs root and /dev/fuse")


@pytest.fixture
def serving(tmp_path):
    """The number of a process that serves a file system at tmp_path."""
    with subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            if process.stdout.readline() != b"mounted\n":
                pytest.skip(f"needs FUSE, but: {process.stderr.read().decode()}")
            yield process.pid
        finally:
            process.kill()
            subprocess.run(["umount", "-l", str(tmp_path)], check=False)


def is_answered(path):
    with contextlib.suppress(subprocess.TimeoutExpired):
        return b"Function not implemented" in subprocess.run(["stat", path], stderr=subprocess.PIPE, timeout=2, check=False).stderr
    return False


def test_a_stopped_server_answers_where_it_is_kept_awake(serving, tmp_path):
    assert server.is_awake(serving) is False
    os.kill(serving, signal.SIGSTOP)
    assert not is_answered(tmp_path)
    os.kill(serving, signal.SIGCONT)
    server.keep_awake(serving)
    assert server.is_awake(serving) is True
    for _time in range(3):
        os.kill(serving, signal.SIGSTOP)
        assert is_answered(tmp_path)


def test_a_process_that_serves_nothing():
    assert server.is_awake(os.getpid()) is None
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert server.is_awake(gone.pid) is None
