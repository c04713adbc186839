# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Unix sockets in folders whose paths may be longer than a socket address holds."""

import os
import socket


def connect(path, seconds):
    """A connected stream socket with that time limit for each operation, in seconds."""
    link = socket.socket(socket.AF_UNIX)
    link.settimeout(seconds)
    folder = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        link.connect(f"/proc/self/fd/{folder}/{os.path.basename(path)}")
    except OSError:
        link.close()
        raise
    finally:
        os.close(folder)
    return link
