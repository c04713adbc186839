# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""The command line."""

import argparse
import json
import os
import sys

from . import record, tools
from .errors import VmError
from .guest import BOOT_SECONDS, Guest
from .image import Image
from .inventory import inventory
from .recipe import LAYOUTS, SUITES


def main(words):
    """Run one command; the exit status."""
    given = parser().parse_args(words)
    try:
        return given.run(given) or 0
    except VmError as error:
        print(f"vm: error: {error}", file=sys.stderr)
        return 1


def parser():
    """The parser of the command line."""
    top = argparse.ArgumentParser(prog="vm.py", description="Test machines: Debian guests in qemu.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(run, help_text, *arguments):
        one = commands.add_parser(run.__name__.rstrip("_"), help=help_text, description=help_text)
        one.set_defaults(run=run)
        for names, options in arguments:
            one.add_argument(*names, **options)

    name = (["name"], {"metavar": "NAME"})
    names = (["names"], {"metavar": "NAME", "nargs": "+"})
    layout = (["--layout"], {"choices": LAYOUTS, "default": "plain"})
    limit = (["--limit"], {"type": float, "default": BOOT_SECONDS, "metavar": "SECONDS",
                           "help": "how long a boot may take (default: %(default)s)"})
    waits = (["--wait"], {"action": "store_true", "help": "until it answers on ssh"})
    append = (["--append"], {"default": "", "metavar": "WORDS",
                             "help": "added to the kernel command line of this boot"})
    command(tools_, "print the packages that the host needs")
    command(image, "make the image of a release; print its path",
            (["release"], {"choices": sorted(SUITES)}), layout)
    command(start, "make a guest and boot it", name,
            (["--release"], {"choices": sorted(SUITES), "required": True}), layout,
            (["--memory"], {"type": int, "default": 1024, "metavar": "MIB"}),
            (["--disk"], {"action": "append", "default": [], "metavar": "SIZE[:FSTYPE[:LABEL]]"}),
            append, waits, limit)
    command(boot, "power a guest on", name, append, waits, limit)
    command(wait, "wait until a guest answers on ssh", name, limit)
    command(ssh, "run a command in a guest, or a shell", name,
            (["command"], {"nargs": argparse.REMAINDER, "metavar": "-- COMMAND"}))
    command(reboot, "ask a guest to reboot and wait until it has", name, limit)
    command(reset, "press a guest's reset button", name, waits, limit)
    command(cut, "take a guest's power away", name)
    command(shutdown, "ask a guest to power off and wait until it has", name)
    command(remove, "end guests and delete their disks", names)
    command(list_, "list the guests")
    command(console, "print a guest's console log, after typing or waiting if asked", name,
            (["--send"], {"metavar": "TEXT", "help": "type this line first"}),
            (["--until"], {"metavar": "REGEX", "help": "wait until the last boot has written this"}),
            limit)
    command(inventory_, "print an Ansible inventory of guests", names)
    return top


def tools_(_given):
    """Print the packages."""
    print(" ".join(tools.packages()))


def image(given):
    """Make an image."""
    print(Image(given.release, given.layout).ensure())


def start(given):
    """Make and boot a guest."""
    guest = Guest(given.name, given.limit)
    changed = guest.start(given.release, given.layout, given.memory, given.disk, given.append)
    _told(guest, changed, given.wait)


def boot(given):
    """Boot a guest."""
    guest = Guest(given.name, given.limit)
    _told(guest, guest.boot(given.append), given.wait)


def _told(guest, changed, waiting):
    if not changed:
        print(f"{guest.name} is running already")
    if waiting:
        print(f"{guest.name} answers, boot {guest.wait()}")


def wait(given):
    """Wait for a guest."""
    print(Guest(given.name, given.limit).wait())


def ssh(given):
    """Become ssh."""
    command = given.command[1:] if given.command[:1] == ["--"] else given.command
    words = Guest(given.name).ssh_argv(*command)
    os.execvpe(words[0], words, tools.environment())


def reboot(given):
    """Reboot a guest."""
    print(Guest(given.name, given.limit).reboot())


def reset(given):
    """Reset a guest."""
    guest = Guest(given.name, given.limit)
    guest.reset()
    _told(guest, True, given.wait)


def cut(given):
    """Cut a guest's power."""
    Guest(given.name).cut()


def shutdown(given):
    """Shut a guest down."""
    Guest(given.name).shutdown()


def remove(given):
    """Remove guests."""
    for name in given.names:
        Guest(name).remove()


def list_(_given):
    """List the guests."""
    for name in record.names():
        guest = Guest(name)
        known = guest.record()
        state = "running" if guest.running() else "off"
        print(f"{name} {state} debian{known.release} {known.layout} port {known.port}")


def console(given):
    """Show a guest's console."""
    guest = Guest(given.name)
    if given.send is not None:
        guest.send(given.send + "\n")
    if given.until:
        guest.wait_console(given.until, given.limit)
    print(guest.console.text())


def inventory_(given):
    """Print an inventory."""
    print(json.dumps(inventory(given.names), indent=2))
