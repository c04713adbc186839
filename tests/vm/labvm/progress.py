# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Lines that say what is being done, and runs of long programs between them."""

import subprocess
import sys
import time

from .errors import VmError
from .tools import environment

EVERY = 8.0


def say(text):
    """Write one line of progress to standard error."""
    print(f"vm: {text}", file=sys.stderr, flush=True)


def run(argv, doing, log, every=EVERY, env=None):
    """Run argv with its output in the file log.

    A line tells what is done, again each `every` seconds. VmError with the end of the log when
    the program fails.
    """
    say(doing)
    began = told = time.monotonic()
    with open(log, "ab") as output:
        child = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            env={**environment(), **(env or {})},
        )
        try:
            while child.poll() is None:
                time.sleep(0.1)
                if time.monotonic() - told >= every:
                    told = time.monotonic()
                    say(f"{doing} ({told - began:.0f} s so far)")
        except BaseException:
            child.terminate()
            child.wait()
            raise
    if child.returncode:
        raise VmError(f"{doing}: {argv[0]} failed ({child.returncode})\n{tail(log)}\nlog: {log}")


def tail(path, lines=40):
    """The last lines of a file, as text; empty when there is no such file."""
    try:
        with open(path, "rb") as handle:
            text = handle.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.replace("\r", "").splitlines()[-lines:])
