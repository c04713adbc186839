# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""The command line of qemu."""

from dataclasses import dataclass, field
from pathlib import Path

from . import tools

PROGRAM = "qemu-system-x86_64"
# qemu64 is the cheapest to emulate: a boot with `max` takes a fifth more time.
CPU = {"kvm": "host", "tcg": "qemu64", "counted": "qemu64"}
# What was translated of a page is looked through at each write to it. Where all that a guest ever ran is kept, as in the
# gigabyte that is the default, a reboot takes half as much time again, and after some hours of work many minutes.
EMULATED = "tcg,tb-size=128"
# The clock of a counted machine is the number of its instructions, two nanoseconds each: it keeps the same
# time however busy the machine that emulates it is.
ACCEL = {"kvm": ["kvm"], "tcg": [EMULATED], "counted": [EMULATED, "-icount", "shift=1"]}
# A kernel that patches its own code while another processor runs it is not emulated faithfully: one boot
# in some hundreds ends in a panic (int3 in sched_clock_cpu).
PROCESSORS = {"kvm": "2", "tcg": "1", "counted": "1"}


@dataclass(frozen=True)
class Machine:
    """What qemu is to run. Paths are absolute; memory is in MiB; root is a qcow2 file."""

    folder: Path
    log: Path
    root: Path
    port: int
    memory: int
    accelerator: str
    disks: tuple = field(default=())
    floppy: Path = None

    def argv(self):
        """The words of the command. Sockets are named relative to the guest's folder."""
        return [
            PROGRAM, "-name", self.folder.name,
            *base(self.accelerator, self.memory),
            "-daemonize", "-pidfile", str(self.folder / "pid"),
            "-qmp", "unix:qmp,server=on,wait=off",
            "-chardev", "socket,id=tty,path=console,server=on,wait=off,logappend=on,"
                        f"logfile={comma(self.log)}",
            "-serial", "chardev:tty",
            *self._network(),
            *self._disk(0, self.root, "qcow2", ",bootindex=1"),
            *(word for number, path in enumerate(self.disks, 1)
              for word in self._disk(number, path, "raw", "")),
            *self._floppy(),
        ]

    def _network(self):
        return [
            "-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:22",
            "-device", "virtio-net-pci,netdev=net,romfile=",
        ]

    def _disk(self, number, path, kind, more):
        return [
            "-drive", f"if=none,id=disk{number},format={kind},file={comma(path)}",
            "-device", f"virtio-blk-pci,drive=disk{number},serial=disk{number}{more}",
        ]

    def _floppy(self):
        if self.floppy is None:
            return []
        return [
            "-drive", f"if=none,id=floppy,format=raw,readonly=on,file={comma(self.floppy)}",
            "-device", "floppy,drive=floppy",
        ]


def base(accelerator, memory):
    """The words for a bare machine with that accelerator and so many MiB."""
    return [
        "-machine", "pc", "-accel", *ACCEL[accelerator], "-cpu", CPU[accelerator],
        "-smp", PROCESSORS[accelerator], "-m", str(memory),
        "-nodefaults", "-no-user-config", "-display", "none", "-vga", "none",
        "-device", "virtio-rng-pci",
    ]


def comma(path):
    """A path as the value of a qemu option: commas doubled."""
    return str(path).replace(",", ",,")


def require():
    """Raise VmError when there is no qemu."""
    tools.require(PROGRAM)
