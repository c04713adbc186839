# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second process that copies folders while the first one goes on."""

from __future__ import annotations

import array
import json
import os
import socket
from collections import deque

from .._core.errors import OverlayrootError
from .apart import die_with

# Folders that wait for the second process. When there are so many, the first one copies as well.
_WAITING = 8
_PACKET = 1 << 16
_DESCRIPTOR = array.array("i").itemsize


class Helper:
    """`work(source, target, version, way)` copies from one descriptor to another, over there. It gives
    the number of files and of bytes, and the names that changed."""

    def __init__(self, work):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        here = os.getpid()
        self.channel = ours
        self.waiting = deque()
        self.process = os.fork()
        if self.process == 0:
            _serve(here, ours, theirs, work)
        theirs.close()

    def is_free(self):
        return len(self.waiting) < _WAITING

    def send(self, level, source, target, version, way):
        self.waiting.append(level)
        rights = array.array("i", [source, target])
        self.channel.sendmsg([json.dumps([version, way]).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])

    def done(self, wait=False):
        """What has been done meanwhile, or all of it: (level, files, bytes, changed names)."""
        changed = []
        while self.waiting:
            try:
                packet = self.channel.recv(_PACKET, 0 if wait or changed else socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            kind, *said = json.loads(packet) if packet else ["lost"]
            if kind == "changed":
                changed += said
                continue
            level = self.waiting.popleft()
            if kind == "failed":
                raise level.within(OverlayrootError(*said))
            if kind == "lost":
                raise OverlayrootError(level.path(), "was being copied by a process that was killed", "Look for why in the kernel's log")
            yield (level, *said, changed)
            changed = []

    def close(self):
        self.channel.close()
        os.waitpid(self.process, 0)


def _serve(parent, ours, channel, work):
    """What happens in the second process, which ends here."""
    try:
        die_with(parent)
        ours.close()
        while True:
            about, rights, _flags, _address = channel.recvmsg(_PACKET, socket.CMSG_SPACE(2 * _DESCRIPTOR))
            if not about:
                break
            _answer(channel, work, json.loads(about), array.array("i", rights[0][2]))
    finally:
        # Nothing of what the first process has under way is to be finished here, too.
        os._exit(0)


def _answer(channel, work, about, descriptors):
    try:
        files, size, changed = work(*descriptors, *about)
        answers = [*(("changed", name) for name in changed), ("done", files, size)]
    except OverlayrootError as error:
        answers = [("failed", error.subject, error.problem, error.cure)]
    for answer in answers:
        channel.send(json.dumps(answer).encode())
