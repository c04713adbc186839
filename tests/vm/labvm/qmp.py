# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Commands to a running qemu over its monitor socket."""

import json

from .errors import VmError
from .unixsocket import connect


def command(socket_path, name, seconds=5.0):
    """Run one QMP command without arguments and return its result.

    VmError when qemu refuses; OSError when it does not answer within so many seconds.
    """
    with connect(socket_path, seconds) as link, link.makefile("rw", encoding="utf-8") as stream:
        stream.readline()
        _ask(stream, "qmp_capabilities")
        return _ask(stream, name)


def _ask(stream, name):
    stream.write(json.dumps({"execute": name}) + "\n")
    stream.flush()
    for line in stream:
        answer = json.loads(line)
        if "error" in answer:
            raise VmError(f"qemu refused {name}: {answer['error'].get('desc')}")
        if "return" in answer:
            return answer["return"]
    raise VmError(f"qemu closed its monitor on {name}")
