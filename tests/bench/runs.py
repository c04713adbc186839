# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""What a provision run that changes nothing costs, against `ansible -m ping` of the same hosts.

The hosts are namespaces of this machine, each with an sshd and a root of its own: the image of a test
machine, provisioned once by the playbook and then booted by the boot library itself. A round trip is
a command or an sftp session that a host's sshd was asked for.
"""

import argparse
import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measure import HERE, ansible, median, say, spread, table, wait_for_calm
from labvm import cache, port, ssh, tools
from labvm.image import Image

SCRIPT = Path(__file__).with_name("host.sh")
LIBRARY = HERE.root / "roles/initramfs/files/overlayroot.sh"
FIRST_PARTITION = 2048 * 512
START_SECONDS = 30.0
PING = ["ansible", "all", "-m", "ansible.builtin.ping"]
PROVISION = ["ansible-playbook", "labs.overlayroot.provision"]
# The playbook turns pipelining on by itself, which a ping does not.
COMMANDS = {
    "ping": (PING, {}),
    "ping, pipelined": (PING, {"ANSIBLE_PIPELINING": "1"}),
    "provision": (PROVISION, {}),
}


class Host:
    """A host called name in namespaces of its own; its root is the file system on a device."""

    def __init__(self, name, folder, number):
        self.name = name
        self.folder = folder
        self.port = number
        self.log = folder / f"{name}.log"
        self.process = None

    def start(self, mode, device):
        """Start it with the device as its root (`plain`) or below a union (`union`); wait for its sshd."""
        words = ["sh", str(SCRIPT), mode, str(device), str(LIBRARY), str(self.folder / "root"), str(self.port)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", *words],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=tools.environment(),
            )
        deadline = time.monotonic() + START_SECONDS
        while not ssh.answers(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"host {self.name} did not start:\n{self.log.read_text()}")
            time.sleep(0.1)

    def stop(self):
        """End it; its mounts go with it. Its first process is the one child of `unshare`."""
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGKILL)
        self.process.wait()

    def trips(self):
        """How many commands and sftp sessions it was asked for since it was started."""
        return len(re.findall(r"^Starting session: ", self.log.read_text(errors="replace"), re.MULTILINE))

    def variables(self):
        """What the inventory says of it."""
        options = ssh.options(self.name, self.folder / "known_hosts")
        return {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": ssh.USER,
            "ansible_ssh_private_key_file": str(ssh.key()),
            "ansible_ssh_common_args": shlex.join(["-F", "none", *(w for o in options for w in ("-o", o))]),
            "ansible_python_interpreter": "/usr/bin/python3",
        }


class Fleet:
    """Hosts, and the inventory file that lists them."""

    def __init__(self, hosts, folder, env):
        self.hosts = hosts
        self.inventory = folder / "inventory.json"
        self.env = env

    def run(self, argv, hosts, forks, more):
        """Run a command of Ansible on the first so many hosts, over new connections; the Run.

        more is added to the environment.
        """
        chosen = self.hosts[:hosts]
        self.inventory.write_text(json.dumps({"all": {"hosts": {host.name: host.variables() for host in chosen}}}))
        before = [host.trips() for host in chosen]
        with tempfile.TemporaryDirectory(prefix="cp-") as sockets:
            env = {**self.env, "ANSIBLE_SSH_CONTROL_PATH_DIR": sockets, **more}
            argv = [*argv, "--inventory", str(self.inventory), "--forks", str(forks)]
            began, worked = time.monotonic(), os.times()
            done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
            wall, ended = time.monotonic() - began, os.times()
            for socket in Path(sockets).iterdir():
                subprocess.run(["ssh", "-o", f"ControlPath={socket}", "-O", "exit", "host"], capture_output=True, check=False)
        if done.returncode:
            sys.exit(f"{' '.join(argv)} failed ({done.returncode}):\n{done.stdout}")
        worked = sum(ended[2:4]) - sum(worked[2:4])
        trips = max(host.trips() - count for host, count in zip(chosen, before))
        return Run(wall, worked, trips, done.stdout)


class Run:
    """One run: wall and processor time of the controller in seconds, most round trips to a host, output."""

    def __init__(self, wall, worked, trips, output):
        self.wall = wall
        self.worked = worked
        self.trips = trips
        self.output = output


@contextlib.contextmanager
def fleet(count):
    """So many provisioned and booted hosts; all that they are made of is gone afterwards."""
    with ansible() as env, tempfile.TemporaryDirectory(prefix="overlayroot-fleet-", dir=cache.folder()) as name:
        folder = Path(name)
        (folder / "root").mkdir()
        numbers = set()
        while len(numbers) < count:
            numbers.add(port.choose(numbers))
        hosts = [Host(f"host{number:02}", folder, one) for number, one in enumerate(sorted(numbers), 1)]
        with base(folder) as device:
            provision(Fleet(hosts[:1], folder, env), device)
            try:
                for host in hosts:
                    host.start("union", device)
                yield Fleet(hosts, folder, env)
            finally:
                for host in hosts:
                    if host.process:
                        host.stop()


@contextlib.contextmanager
def base(folder):
    """A block device with a fresh copy of the root file system of Debian 13."""
    disk = folder / "disk"
    subprocess.run(["cp", "--sparse=always", str(Image("13").ensure()), str(disk)], check=True)
    argv = ["losetup", "--find", "--show", "--offset", str(FIRST_PARTITION), str(disk)]
    device = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


def provision(one, device):
    """Provision the base by the playbook, through the first host."""
    say("provisioning the hosts")
    one.hosts[0].start("plain", device)
    try:
        one.run([*PROVISION, "--extra-vars", "overlayroot_reboot=never"], 1, 1, {})
    finally:
        one.hosts[0].stop()


def measure(given, hosts):
    """Print the table."""
    runs = {}
    for turn in range(given.rounds):
        for count, forks in ((1, 5), (given.hosts, 5), (given.hosts, given.hosts)):
            for name, (argv, more) in COMMANDS.items():
                wait_for_calm(given.calm)
                one = hosts.run(argv, count, forks, more)
                if name == "provision" and re.search(r"changed=[1-9]", one.output):
                    sys.exit(f"the run was to change nothing:\n{one.output}")
                runs.setdefault((count, forks, name), []).append(one)
                say(f"round {turn + 1}: {count} hosts, {forks} forks, {name}: {one.wall:.2f} s")
    rows = []
    for (count, forks, name), some in runs.items():
        pings = runs[count, forks, "ping"]
        rows.append([
            str(count), str(forks), name, str(max(one.trips for one in some)), spread([one.wall for one in some]),
            median([one.wall for one in some]) / median([one.wall for one in pings]),
            median([one.worked for one in some]),
        ])
    table(["hosts", "forks", "command", "round trips a host", "wall time, s", "of ping", "controller's processor time, s"], rows)


def main():
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--hosts", type=int, default=18)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calm", type=float, default=60.0, metavar="SECONDS",
                        help="how long to wait before each run for other work on this machine to end (default: %(default)s)")
    given = parser.parse_args()
    if os.getuid():
        sys.exit("runs.py makes namespaces, mounts and a loop device: run it as root")
    with fleet(given.hosts) as hosts:
        measure(given, hosts)


if __name__ == "__main__":
    main()
