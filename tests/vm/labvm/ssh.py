# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""ssh to a guest: the key, the arguments, and waiting for the first answer."""

import socket
import subprocess

from . import cache, tools
from .errors import VmError

USER = "ops"


def key():
    """The path of the private key of this cache, made when missing."""
    path = cache.root() / "key"
    with cache.lock("key"):
        if not path.exists():
            tools.require("ssh-keygen")
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test machines", "-f", str(path)],
                env=tools.environment(), stdin=subprocess.DEVNULL, check=True,
            )
    return path


def options(name, known_hosts):
    """ssh's options for the guest called name, as a list of KEY=VALUE words."""
    return [
        f"HostKeyAlias={name}",
        f'UserKnownHostsFile="{known_hosts}"',
        "GlobalKnownHostsFile=/dev/null",
        "StrictHostKeyChecking=accept-new",
        "IdentitiesOnly=yes",
        "PasswordAuthentication=no",
        "KexAlgorithms=curve25519-sha256",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=6",
        "LogLevel=ERROR",
    ]


def argv(name, port, known_hosts, command):
    """The words of an ssh call; command is a list of words for the guest's shell, joined by it."""
    words = ["ssh", "-F", "none", "-i", str(key()), "-p", str(port)]
    for option in [*options(name, known_hosts), "BatchMode=yes", "ControlMaster=no",
                   "ControlPath=none", "ConnectTimeout=30"]:
        words += ["-o", option]
    return [*words, f"{USER}@127.0.0.1", "--", *command]


def answers(port, seconds=2.0):
    """Whether an ssh server says its banner on 127.0.0.1:port within so many seconds."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=seconds) as link:
            link.settimeout(seconds)
            return link.recv(4) == b"SSH-"
    except OSError:
        return False


def run(words, seconds, check=True, **more):
    """Run an ssh call and return its CompletedProcess with text output.

    VmError when it takes longer than so many seconds, or fails and check is true.
    """
    try:
        done = subprocess.run(
            words, env=tools.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="surrogateescape", timeout=seconds, check=False, **more,
        )
    except subprocess.TimeoutExpired as slow:
        raise VmError(f"ssh: no end within {seconds:.0f} s: {words[-1]}") from slow
    if check and done.returncode:
        raise VmError(f"ssh: {words[-1]} failed ({done.returncode}): {done.stderr.strip()}")
    return done
