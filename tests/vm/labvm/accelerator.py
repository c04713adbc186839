# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Which accelerator works here: tried out, not guessed from what exists."""

import os
import subprocess
import time
from pathlib import Path

from . import cache, qemu, tools
from .progress import say

DEVICE = "/dev/kvm"
LIMIT = 20.0
PROOF = b"Kernel panic"


def choose(kernel):
    """'kvm' or 'tcg'. The answer is kept for as long as this host stays booted."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    kept = cache.folder("accelerator") / f"{boot}-{os.getuid()}"
    with cache.lock("accelerator"):
        if not kept.exists():
            kept.write_text("kvm" if works(kernel) else "tcg", encoding="ascii")
        return kept.read_text(encoding="ascii")


def works(kernel, seconds=LIMIT):
    """Whether a kernel without a root gets as far as its panic in kvm within so many seconds."""
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return False
    say(f"trying {DEVICE} with one boot, {seconds:.0f} s at most")
    argv = [
        *([qemu.PROGRAM]), *qemu.base("kvm", 256), "-no-reboot", "-serial", "stdio",
        "-kernel", str(kernel), "-append", "console=ttyS0 panic=-1",
    ]
    good = prints(argv, PROOF, seconds)
    say(f"{DEVICE} " + ("works" if good else "does not work: emulating"))
    return good


def prints(argv, proof, seconds):
    """Whether the program writes the proof within so many seconds; it is ended in any case."""
    with subprocess.Popen(
        argv, env=tools.environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as child:
        os.set_blocking(child.stdout.fileno(), False)
        seen, deadline = b"", time.monotonic() + seconds
        while proof not in seen and time.monotonic() < deadline:
            ended = child.poll() is not None
            seen += child.stdout.read() or b""
            if ended:
                break
            time.sleep(0.05)
        child.kill()
    return proof in seen
