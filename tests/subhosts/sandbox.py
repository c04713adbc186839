# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host for subhosts: mounts and a network that nobody else sees, with the command overlayrootctl in its place."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from ansible_collections.labs.overlayroot.plugins.plugin_utils._archive import archive

COMMAND = "/usr/local/sbin/overlayrootctl"
TOP = "/mnt"

HOST = """
set -e
mount --make-rprivate /
ip link set lo up
for folder in /run /mnt /usr/local/sbin; do mount -t tmpfs -o mode=0755 none $folder; done
cat >/usr/local/sbin/overlayrootctl
chmod 755 /usr/local/sbin/overlayrootctl
ip netns add x
ip netns delete x
echo up
exec sleep 3600
"""


@contextlib.contextmanager
def sandbox():
    """A Host; skips where that cannot be."""
    if os.geteuid() or not all(map(shutil.which, ("ip", "nsenter", "unshare"))):
        pytest.skip("needs root, iproute2 and util-linux")
    argv = ["unshare", "--mount", "--net", "sh", "-c", HOST]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            process.stdin.write(archive())
            process.stdin.close()
            if process.stdout.readline() != b"up\n":
                pytest.skip(f"needs the right to mount, and to make networks: {process.stderr.read().decode()}")
            host = Host(process.pid)
            try:
                yield host
            finally:
                host.end()
        finally:
            process.kill()


class Host:
    def __init__(self, pid):
        self.pid = pid

    def start(self, *argv, **more):
        entered = ["nsenter", f"--target={self.pid}", "--mount", "--net", "--wd=/", *argv]
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
        return subprocess.Popen(entered, **{**streams, **more})

    def run(self, *argv, text=None):
        """(exit code, what it printed, its complaints)"""
        stdin = subprocess.DEVNULL if text is None else subprocess.PIPE
        with self.start(*argv, stdin=stdin) as process:
            output, errors = process.communicate(text, timeout=300)
        return process.returncode, output, errors

    def sh(self, command):
        code, output, errors = self.run("sh", "-c", command)
        assert code == 0, errors
        return output

    def ctl(self, *words):
        return self.run(sys.executable, "-I", COMMAND, "subhost", *words)

    def done(self, *words):
        """What is returned where all went well."""
        code, output, errors = self.ctl(*words, "--json")
        assert code == 0, errors + self.logs()
        return json.loads(output)

    def refused(self, *words):
        code, _output, errors = self.ctl(*words)
        assert code == 3
        return errors

    def make(self, name, *lines, folder=None):
        """The configuration of a subhost with folders of its own; `lines` are those beside BASE and START=none."""
        base = folder or f"{TOP}/{name}"
        self.sh(f"mkdir -p {base}/root {base}/work {base}/live")
        text = "\n".join(("BASE=.", "LOG=log", *lines, *(() if any("START" in line for line in lines) else ("START=none",))))
        self.write(f"{base}/{name}.conf", text + "\n")
        return f"{base}/{name}.conf"

    def write(self, path, text, mode="644"):
        self.run("sh", "-c", f"mkdir -p $(dirname {path}); cat >{path}; chmod {mode} {path}", text=text)

    def inside(self, name, command):
        """What a shell in a subhost prints, and its exit code."""
        code, output, errors = self.ctl("run", name, "--", "sh", "-c", command)
        return code, (output + errors).strip()

    def running(self):
        return [found["name"] for found in self.done("list")["subhosts"]]

    def left(self):
        """What there is of mounts, interfaces, network namespaces, cgroups and keepers.

        Mounts of the machine go when somebody there removes the folder that they are on, so they do not count.
        """
        paths = [line.split()[4] for line in self.sh("cat /proc/self/mountinfo").splitlines()]
        return {
            "mounts": sorted(path for path in paths if path.startswith((TOP, "/run", "/opt"))),
            "links": self.sh("ip -o link show").count("\n"),
            "namespaces": self.sh("ls /run/netns 2>/dev/null || :"),
            "cgroups": self.sh("ls -d /sys/fs/cgroup/*/overlayroot-subhost-* /sys/fs/cgroup/overlayroot-subhost-* 2>/dev/null || :"),
            "keepers": self.keepers(),
        }

    def keepers(self):
        """The processes at the host's side of subhosts."""
        mounts = os.readlink(f"/proc/{self.pid}/ns/mnt")
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as stream:
                if b"overlayroot-keeper" in stream.read() and os.readlink(f"/proc/{pid}/ns/mnt") == mounts:
                    found.append(int(pid))
        return found

    def logs(self):
        return self.sh(f"tail -n 20 {TOP}/*/log 2>/dev/null || :")

    def end(self):
        """Nothing of this host is to outlive it."""
        for name in self.running():
            self.ctl("stop", name, "--commands")


def wait_until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
