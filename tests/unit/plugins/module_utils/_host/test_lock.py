# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._host import lock

HOLD = """
import fcntl, os, sys, time
folder = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(folder, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@contextlib.contextmanager
def holder(folder, seconds=60.0):
    """Another process."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder), str(seconds)], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == b"held\n"
            yield process
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 0.2)


def is_free(folder):
    """For another process."""
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder), "0"], stdout=subprocess.PIPE) as process:
        try:
            return process.wait(1) == 0
        except subprocess.TimeoutExpired:
            process.kill()
            return False


def test_one_at_a_time(tmp_path):
    with lock.held([str(tmp_path)]):
        assert not is_free(tmp_path)
    assert is_free(tmp_path)
    assert os.listdir(tmp_path) == []


def test_it_is_free_after_a_failure(tmp_path):
    with contextlib.suppress(ZeroDivisionError), lock.held([str(tmp_path)]):
        raise ZeroDivisionError
    assert is_free(tmp_path)


def test_the_holder_is_named(tmp_path):
    with holder(tmp_path) as process:
        with pytest.raises(OverlayrootError) as caught, lock.held([str(tmp_path)]):
            pass
    assert str(caught.value).startswith(f"folder {tmp_path}: is in the hands of process {process.pid} ({sys.executable} -c ")
    assert str(caught.value).endswith(f" {tmp_path} 60.0). Wait for its end, or end it.")


def test_one_of_two_is_held_by_another_process(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    with holder(tmp_path / "b"):
        with pytest.raises(OverlayrootError, match="/b: is in the hands of"), lock.held([str(tmp_path / "a"), str(tmp_path / "b")]):
            pass
    assert is_free(tmp_path / "a")


def test_another_one_is_waited_for_a_little(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 20)
    with holder(tmp_path, 0.3), lock.held([str(tmp_path)]):
        assert not is_free(tmp_path)


def test_it_is_free_as_soon_as_its_holder_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE", 20)
    with holder(tmp_path) as process:
        process.send_signal(signal.SIGKILL)
        started = time.monotonic()
        with lock.held([str(tmp_path)]):
            assert time.monotonic() - started < 5


def test_what_is_not_there_is_not_held(tmp_path):
    (tmp_path / "file").touch()
    with lock.held([str(tmp_path / "none"), str(tmp_path / "file/below"), str(tmp_path)]):
        assert not is_free(tmp_path)


def test_one_folder_by_two_names(tmp_path):
    (tmp_path / "link").symlink_to(".")
    with lock.held([str(tmp_path), str(tmp_path / "link")]):
        assert not is_free(tmp_path)
    assert is_free(tmp_path)
