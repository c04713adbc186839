# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""A guest: a machine in qemu that boots from its own disk."""

import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from . import accelerator, bootargs, cache, disk, port, qemu, qmp, record, ssh, tools
from .console import Console
from .errors import VmError
from .image import Image, kernel_of
from .process import Process
from .progress import say

BOOT_SECONDS = 240.0
STOP_SECONDS = 240.0
LOCK_SECONDS = 20.0


class Guest:
    """The guest called name, whether it exists or not. Every boot may take boot_seconds.

    Unless the accelerator is named, it is what works here.
    """

    def __init__(self, name, boot_seconds=BOOT_SECONDS, accelerator=None):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise VmError(f"guest name {name!r}: expected letters, digits, dot, dash, underscore")
        self.name = name
        self.boot_seconds = boot_seconds
        self.accelerator = accelerator
        self.folder = cache.folder("guests") / name
        self.process = Process(self.folder / "pid")
        self.console = Console(cache.folder("console") / f"{name}.log", self.folder / "console")
        self.known_hosts = self.folder / "known_hosts"

    # --- what it is ---

    def record(self):
        """What is remembered of it; VmError when it does not exist."""
        return record.load(self.folder)

    def exists(self):
        """Whether it was made and not removed."""
        return (self.folder / record.FILE).exists()

    def running(self):
        """Whether its qemu runs."""
        return self.process.pid() is not None

    # --- its life ---

    def start(self, release, layout="plain", memory=1024, disks=(), append=""):
        """Make it and boot it; whether there was anything to do. It may not answer yet.

        A guest that exists is booted as it is. VmError when it was made otherwise.
        """
        wanted = record.Record(
            image=str(Image(release, layout).ensure()), release=release, layout=layout,
            memory=memory, disks=tuple(disks), port=0,
        )
        with cache.lock(f"guest-{self.name}"):
            if not self.exists():
                self._make(wanted)
            elif not self.record().same_as(wanted):
                raise VmError(f"guest {self.name} exists with other options: remove it first")
        return self.boot(append)

    def boot(self, append=""):
        """Power it on with the disks that it has; whether it was off.

        append is added to the kernel command line until the guest has answered once.
        """
        with cache.lock(f"guest-{self.name}"):
            if self.running():
                return False
            bootargs.write(self.folder / "floppy", append)
            self._begin()
            self._power_on()
        return True

    def wait(self):
        """Wait until the boot that has begun answers on ssh; its boot id.

        A guest that takes longer than boot_seconds is ended, with a VmError that shows its console.
        """
        known = self.record()
        deadline = (time.time() if known.boot_id else known.began) + self.boot_seconds
        while True:
            boot_id = self._boot_id(known.port)
            if boot_id and boot_id != known.left:
                bootargs.write(self.folder / "floppy", "")
                replace(known, boot_id=boot_id).save(self.folder)
                return boot_id
            self._watch(deadline, "did not answer on ssh")
            time.sleep(0.3)

    def wait_console(self, pattern, seconds=None):
        """Wait until the boot that has begun writes what the regular expression pattern matches.

        The match. The guest is ended when that takes longer than so many seconds, with a VmError.
        """
        since = self.record().since
        try:
            found = self.console.wait(pattern, seconds or self.boot_seconds, since, self.running)
        except VmError:
            self.process.kill()
            raise
        bootargs.write(self.folder / "floppy", "")
        return found

    def send(self, text):
        """Type text into its serial console; a newline presses return."""
        self.console.send(text)

    def reboot(self, command="reboot"):
        """Ask it to reboot and wait until it answers with another boot id; that boot id."""
        self.wait()
        self._begin()
        self.ssh(f"sudo {command}", check=False)
        return self.wait()

    def reset(self):
        """Press the reset button. It may not answer yet."""
        self._begin()
        qmp.command(self.folder / "qmp", "system_reset")

    def cut(self):
        """Take its power away. Its disks stay as they are at this moment."""
        self.record()
        self.process.kill()

    def shutdown(self):
        """Ask it to power off and wait until it has; fine when it is off.

        A guest that takes longer than STOP_SECONDS is ended, with a VmError that shows its console.
        """
        if not self.running():
            return
        self.ssh("sudo poweroff", check=False)
        if not self.process.wait(STOP_SECONDS):
            self.process.kill()
            raise VmError(f"guest {self.name} did not power off in {STOP_SECONDS:.0f} s\n"
                          + self.console.tail())

    def remove(self):
        """End it and forget all but its console log; fine when it does not exist."""
        with cache.lock(f"guest-{self.name}"):
            self.process.kill()
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- talking to it ---

    def ssh(self, *command, check=True, seconds=120.0):
        """Run a command in it as the user ops; the CompletedProcess with text output.

        VmError when it takes longer than so many seconds, or fails and check is true.
        """
        return ssh.run(self.ssh_argv(*command), seconds, check)

    def ssh_argv(self, *command):
        """The words of an ssh call to it."""
        return ssh.argv(self.name, self.record().port, self.known_hosts, command)

    # --- steps ---

    def _make(self, wanted):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.console.rotate()
        disk.overlay(self.folder / "root.qcow2", wanted.image)
        for path, text in zip(self._disk_paths(wanted), wanted.disks):
            disk.Disk.parse(text).make(path)
        self._with_new_port(wanted)

    def _disk_paths(self, known):
        return tuple(self.folder / f"disk{number}" for number in range(1, len(known.disks) + 1))

    def _with_new_port(self, known):
        with cache.lock("ports"):
            taken = {record.load(cache.folder("guests", name)).port for name in record.names()}
            known = replace(known, port=port.choose(taken))
            known.save(self.folder)
        return known

    def _begin(self):
        self.record().booting(time.time(), self.console.size()).save(self.folder)

    def _power_on(self):
        known = self.record()
        if not port.is_free(known.port):
            known = self._with_new_port(known)
        qemu.require()
        argv = self._machine(known).argv()
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            done = subprocess.run(
                argv, cwd=self.folder, env=tools.environment(), stdin=subprocess.DEVNULL,
                capture_output=True, text=True, check=False,
            )
            # The qemu before has forgotten its pid file by now, and may still hold the disks while its memory is freed.
            if "Failed to get" not in done.stderr or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        if done.returncode:
            raise VmError(f"guest {self.name}: qemu did not start: {done.stderr.strip()}")
        say(f"guest {self.name} boots; console: {self.console.log}")

    def _machine(self, known):
        return qemu.Machine(
            folder=self.folder, log=self.console.log, root=self.folder / "root.qcow2",
            port=known.port, memory=known.memory, disks=self._disk_paths(known),
            floppy=self.folder / "floppy",
            accelerator=self.accelerator or accelerator.choose(kernel_of(Path(known.image))),
        )

    def _boot_id(self, number):
        if not ssh.answers(number):
            return ""
        try:
            return self.ssh("cat /proc/sys/kernel/random/boot_id", seconds=60.0).stdout.strip()
        except VmError:
            return ""

    def _watch(self, deadline, what):
        if not self.running():
            raise VmError(f"guest {self.name} {what}: it has ended\n{self.console.tail()}")
        if time.time() > deadline:
            self.process.kill()
            raise VmError(f"guest {self.name} {what} within {self.boot_seconds:.0f} s and was ended\n"
                          + self.console.tail())
