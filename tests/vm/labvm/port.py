# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Free TCP ports of this host for the guests' ssh."""

import random
import socket

from .errors import VmError

# Below the range from which outgoing connections take theirs.
RANGE = range(20000, 32768)


def is_free(port):
    """Whether 127.0.0.1:port can be bound now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose(taken, free=is_free, attempts=200):
    """A free port that is not among the taken ones, which stopped guests will want again."""
    for port in random.sample(RANGE, attempts):
        if port not in taken and free(port):
            return port
    raise VmError(f"no free port found on 127.0.0.1 in {attempts} attempts")
