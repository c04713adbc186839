# Copyright (c) 2026 labs.overlayroot contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a subhost takes until its sshd answers, and what memory it takes, beside what else runs light hosts.

Each runs Debian's sshd over the root of this machine. They take turns. Needs root, a mirror of Debian, and the collection in
a folder of its own name:

    PYTHONPATH=COLLECTIONS python3 tests/bench/subhosts.py FOLDER [--overlay-boot TREE] [--nspawn BINARY]

FOLDER is on a file system for uppers. TREE is what Debian's package overlay-boot holds, BINARY the program of Debian's package
systemd-container; podman is taken where it is installed. Memory is the proportional set size of all processes, those that stay
on the host's side among them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ansible_collections.labs.overlayroot.plugins.module_utils._subhost import kernel
from ansible_collections.labs.overlayroot.plugins.plugin_utils._archive import archive
from ansible_collections.labs.overlayroot.tests.subhosts import packages

NAME, INSIDE, OUTSIDE = "bench", "192.0.2.2", "192.0.2.1/24"
COMMAND = "/usr/local/sbin/overlayrootctl"
INSTALL = "DEBIAN_FRONTEND=noninteractive dpkg --install /debs/*.deb >/dev/null 2>&1"
INTERFACES = f"auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet static\n  address {INSIDE}/24\n"
CONFIG = "BASE=.\nCABLES= =\nSTART= networking ssh\nLOG=log\n"
PATIENCE = 120


def run(*argv, **more):
    return subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, **more)


class Ours:
    name = "overlayrootctl subhost boot"

    def __init__(self, folder):
        self.config = folder / f"{NAME}.conf"

    def start(self):
        return subprocess.Popen([COMMAND, "subhost", "boot", self.config], stdout=subprocess.DEVNULL)

    def stop(self):
        run(COMMAND, "subhost", "stop", self.config)


class OverlayBoot:
    name = "overlay-boot"

    def __init__(self, folder, tree):
        self.config = folder / f"{NAME}.conf"
        self.programs = tree / "var/lib/overlay-boot"

    def start(self):
        argv = [self.programs / "overlay-boot", self.config]
        return subprocess.Popen(argv, cwd=self.config.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        found = processes()
        subprocess.run([self.programs / "overlay-stop", self.config], check=False, capture_output=True)
        # Some of its processes may stay.
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for argv in (["ip", "link", "delete", "dev", f"{NAME}0"], ["ip", "netns", "delete", NAME]):
            subprocess.run(argv, check=False, capture_output=True)


class Mounted:
    """One that runs a tree, in a network, that both are made for it first."""

    def __init__(self, folder):
        self.folder = folder

    def start(self):
        options = f"lowerdir=/,upperdir={self.folder}/root,workdir={self.folder}/work"
        run("mount", "-t", "overlay", "none", "-o", options, self.folder / "live")
        run("ip", "netns", "add", NAME)
        run("ip", "link", "add", f"{NAME}0", "type", "veth", "peer", "name", "eth0", "netns", NAME)
        run("ip", "link", "set", f"{NAME}0", "up")
        run("ip", "-n", NAME, "address", "add", f"{INSIDE}/24", "dev", "eth0")
        run("ip", "-n", NAME, "link", "set", "eth0", "up")
        self.process = subprocess.Popen(self.argv(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.process

    def stop(self):
        self.end()
        self.process.wait()
        run("ip", "link", "delete", "dev", f"{NAME}0")
        run("ip", "netns", "delete", NAME)
        run("umount", self.folder / "live")


class Nspawn(Mounted):
    """No more of systemd's units than sshd needs."""

    name = "systemd-nspawn --boot, ssh.service alone"

    def __init__(self, folder, program):
        super().__init__(folder)
        self.program = program

    def argv(self):
        own = ["--register=no", "--keep-unit", f"--network-namespace-path=/run/netns/{NAME}"]
        return [self.program, *own, f"--directory={self.folder}/live", "--boot", "systemd.unit=ssh.service"]

    def end(self):
        # What it has for an orderly end is in the container.
        subprocess.run(["pkill", "-KILL", "-P", str(self.process.pid)], check=False)


class Podman(Mounted):
    name = "podman run --rootfs"

    def argv(self):
        argv = ["podman", "run", "--rm", f"--name={NAME}", f"--network=ns:/run/netns/{NAME}", "--cgroups=disabled"]
        return [*argv, "--rootfs", self.folder / "live", "sh", "-c", "mkdir -p /run/sshd; exec /usr/sbin/sshd -D"]

    def end(self):
        run("podman", "kill", NAME)


def apart():
    """Mounts and a network of its own, with the command in its place."""
    kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_NET)
    kernel.mount("none", "/", None, kernel.RECURSIVE | kernel.PRIVATE)
    for folder in ("/run", "/usr/local/sbin"):
        run("mount", "-t", "tmpfs", "-o", "mode=0755", "none", folder)
    Path(COMMAND).write_bytes(archive())
    Path(COMMAND).chmod(0o755)
    run("ip", "link", "set", "lo", "up")


def install(folder):
    """sshd and ifupdown, by their own scripts, in a subhost whose upper is that of all then."""
    for name in ("root", "work", "live"):
        (folder / name).mkdir()
    config = folder / "made.conf"
    config.write_text(f"BASE=.\nSTART=none\nLOG=log\nSHARE={folder}/debs:/debs\n", encoding="utf-8")
    run(COMMAND, "subhost", "boot", config)
    run(COMMAND, "subhost", "run", "made", "--", "sh", "-c", INSTALL)
    run(COMMAND, "subhost", "stop", config)
    (folder / "root/etc/network/interfaces").write_text(INTERFACES, encoding="utf-8")
    (folder / f"{NAME}.conf").write_text(CONFIG, encoding="utf-8")


def is_answering():
    with contextlib.suppress(OSError), socket.create_connection((INSIDE, 22), 0.2) as connection:
        return connection.recv(9).startswith(b"SSH-")
    return False


def processes():
    """Of this network, and of the subhost's."""
    path = Path(f"/run/netns/{NAME}")
    networks = {os.stat("/proc/self/ns/net").st_ino, *([path.stat().st_ino] if path.exists() else [])}
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}/ns/net").st_ino in networks:
                found.add(int(pid))
    return found - {os.getpid()}


def memory():
    """MiB of them."""
    total = 0
    for pid in processes():
        with contextlib.suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as stream:
            total += sum(int(line.split()[1]) for line in stream if line.startswith("Pss:"))
    return total / 1024


def give_address():
    """To the cable's end here, as soon as that is there. Who is at the other one is asked again every 5 ms, and not every second."""
    argv = ["ip", "address", "add", OUTSIDE, "dev", f"{NAME}0"]
    if subprocess.run(argv, check=False, capture_output=True).returncode:
        return False
    Path(f"/proc/sys/net/ipv4/neigh/{NAME}0/retrans_time_ms").write_text("5", encoding="ascii")
    return True


def measured(job):
    """(seconds, MiB) of one start."""
    began = time.perf_counter()
    starter = job.start()
    has_address = False
    while not is_answering():
        if time.perf_counter() - began > PATIENCE:
            sys.exit(f"{job.name}: no sshd answers")
        has_address = has_address or give_address()
        time.sleep(0.005)
    seconds = time.perf_counter() - began
    if not isinstance(job, Mounted):
        starter.wait()
    time.sleep(2)
    found = memory()
    job.stop()
    return seconds, found


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--overlay-boot", type=Path, metavar="TREE")
    parser.add_argument("--nspawn", type=Path, metavar="BINARY")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def main():
    args = arguments()
    with tempfile.TemporaryDirectory(dir=args.folder) as scratch:
        folder = Path(scratch)
        packages.with_all_they_need(("openssh-server", "ifupdown"), folder / "debs")
        apart()
        install(folder)
        jobs = [Ours(folder)]
        jobs += [OverlayBoot(folder, args.overlay_boot.resolve())] if args.overlay_boot else []
        jobs += [Nspawn(folder, args.nspawn.resolve())] if args.nspawn else []
        jobs += [Podman(folder)] if shutil.which("podman") else []
        runs = {job.name: [] for job in jobs}
        for _round in range(args.rounds):
            for job in jobs:
                runs[job.name].append(measured(job))
    print("| | sshd answers, s | MiB |\n| --- | --- | --- |")
    for name, values in runs.items():
        shown = (f"{statistics.median(one):.2f} ({min(one):.2f} to {max(one):.2f})" for one in zip(*values))
        print(f"| {name} | {' | '.join(shown)} |")


if __name__ == "__main__":
    sys.exit(main())
