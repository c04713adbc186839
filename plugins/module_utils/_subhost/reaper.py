# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first process of a subhost becomes when nothing is left for it to do but to reap.

Python would keep some megabytes for that as long as the subhost runs. So this is a program of a few instructions, for the
machines that subhosts can run on: it waits for children until none is left, and then says so by an empty line.
"""

from __future__ import annotations

import errno
import os
import struct

from . import confine, kernel

_NAME = "overlayroot-reaper"

# Where it says so.
_TOLD = 3

# {machine: (as ELF numbers it, instructions)}: while (wait4(-1, 0, 0, 0) != -ECHILD); write(_TOLD, "\n", 1); exit(0);
MACHINES = {
    "x86_64": (
        62,
        bytes.fromhex(
            "bfffffffff"  # mov edi, -1
            "31f6"  # xor esi, esi
            "31d2"  # xor edx, edx
            "4531d2"  # xor r10d, r10d
            "b83d000000"  # mov eax, 61
            "0f05"  # syscall
            "83f8f6"  # cmp eax, -10
            "75e8"  # jne to the beginning
            "bf03000000"  # mov edi, 3
            "488d3515000000"  # lea rsi, of what follows the instructions
            "ba01000000"  # mov edx, 1
            "b801000000"  # mov eax, 1
            "0f05"  # syscall
            "31ff"  # xor edi, edi
            "b83c000000"  # mov eax, 60
            "0f05"  # syscall
        ),
    ),
    "aarch64": (
        183,
        struct.pack(
            "<16I",
            0x92800000,  # mov x0, -1
            0xD2800001,  # mov x1, 0
            0xD2800002,  # mov x2, 0
            0xD2800003,  # mov x3, 0
            0xD2802088,  # mov x8, 260
            0xD4000001,  # svc 0
            0xB100281F,  # cmn x0, 10
            0x54FFFF21,  # b.ne to the beginning
            0xD2800060,  # mov x0, 3
            0x10000001 | 7 * 4 << 3,  # adr x1, of what follows the instructions
            0xD2800022,  # mov x2, 1
            0xD2800808,  # mov x8, 64
            0xD4000001,  # svc 0
            0xD2800000,  # mov x0, 0
            0xD2800BA8,  # mov x8, 93
            0xD4000001,  # svc 0
        ),
    ),
}
_ADDRESS, _PAGE = 0x400000, 0x10000
_HEADER, _PROGRAM_HEADER = 64, 56
_EXECUTABLE, _CURRENT, _LOADED, _READ_AND_RUN = 2, 1, 1, 5

_MFD_EXEC = 0x10
_SECBIT_NOROOT = 1


def program(machine):
    """An ELF file of one segment."""
    number, instructions = MACHINES[machine]
    code = instructions + b"\n"
    size = _HEADER + _PROGRAM_HEADER + len(code)
    entry = _ADDRESS + _HEADER + _PROGRAM_HEADER
    sizes = (_HEADER, _PROGRAM_HEADER, 1, 0, 0, 0)
    header = struct.pack("<HHIQQQI6H", _EXECUTABLE, number, _CURRENT, entry, _HEADER, 0, 0, *sizes)
    segment = struct.pack("<IIQQQQQQ", _LOADED, _READ_AND_RUN, 0, _ADDRESS, _ADDRESS, size, size, _PAGE)
    return b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + header + segment + code


def become(told):
    """Of this process, without a capability, and with no descriptor that it needs but `told`.

    Nobody may read the file that it runs, so the kernel shuts the process to those in the subhost, as this one was.
    """
    file = _file()
    os.write(file, program(os.uname().machine))
    os.fchmod(file, 0o111)
    if file == _TOLD:
        file = os.dup(file)
    os.dup2(told, _TOLD)
    kernel.prctl(kernel.PR_SET_SECUREBITS, _SECBIT_NOROOT)
    confine.set_capabilities(())
    os.execve(file, [_NAME], {})


def _file():
    """In memory. A kernel before 6.3 runs it unasked."""
    try:
        return os.memfd_create(_NAME, os.MFD_CLOEXEC | _MFD_EXEC)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return os.memfd_create(_NAME)
