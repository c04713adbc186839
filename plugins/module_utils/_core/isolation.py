# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a subhost may do, and what it sees of the kernel: docs/subhosts.md compares it with others."""

from __future__ import annotations

# By their numbers (capability.h). What is not here nobody in a subhost has, nor can get.
CAPABILITIES = {
    "chown": 0,
    "dac_override": 1,
    "fowner": 3,
    "fsetid": 4,
    "kill": 5,
    "setgid": 6,
    "setuid": 7,
    "setpcap": 8,
    "net_bind_service": 10,
    "net_admin": 12,  # the network is the subhost's own, and its services set it up
    "net_raw": 13,
    "sys_chroot": 18,  # sshd
    "audit_write": 29,  # pam
    "setfcap": 31,
}

# Below /proc: of these only the reading is left, of those nothing. kmsg is not among them: the kernel refuses it for want of a
# capability, while a daemon that reads an empty one reads on without end.
READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
MASKED = (
    "acpi", "asound", "interrupts", "kallsyms", "kcore", "keys", "kpagecount", "kpageflags", "latency_stats",
    "sched_debug", "scsi", "timer_list", "timer_stats",
)  # fmt: skip
# Below /sys, which is read-only as a whole.
MASKED_OF_SYS = ("firmware", "fs/selinux", "devices/virtual/powercap", "kernel/security", "kernel/debug", "kernel/tracing")

# Of /dev: name, mode, major and minor number.
DEVICES = (
    ("null", 0o666, 1, 3),
    ("zero", 0o666, 1, 5),
    ("full", 0o666, 1, 7),
    ("random", 0o666, 1, 8),
    ("urandom", 0o666, 1, 9),
    ("tty", 0o666, 5, 0),
    # What is written to the console of the host is written to nobody here.
    ("console", 0o620, 1, 3),
)
DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}

# System calls that are refused: {machine: (AUDIT_ARCH, {name: number})}. What they do needs capabilities that a subhost
# has not, or reaches parts of the kernel that no service needs.
_NEWER = {
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
}  # fmt: skip
SYSTEM_CALLS = {
    "x86_64": (
        0xC000003E,
        {
            "pivot_root": 155, "acct": 163, "settimeofday": 164, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168,
            "reboot": 169, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
            "clock_settime": 227, "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "unshare": 272,
            "perf_event_open": 298, "open_by_handle_at": 304, "setns": 308, "finit_module": 313, "kexec_file_load": 320,
            "bpf": 321, "userfaultfd": 323, **_NEWER,
        },
    ),
    "aarch64": (
        0xC00000B7,
        {
            "umount2": 39, "mount": 40, "pivot_root": 41, "quotactl": 60, "acct": 89, "unshare": 97, "kexec_load": 104,
            "init_module": 105, "delete_module": 106, "clock_settime": 112, "reboot": 142, "settimeofday": 170,
            "add_key": 217, "request_key": 218, "keyctl": 219, "swapon": 224, "swapoff": 225, "perf_event_open": 241,
            "open_by_handle_at": 265, "setns": 268, "finit_module": 273, "bpf": 280, "userfaultfd": 282,
            "kexec_file_load": 294, **_NEWER,
        },
    ),
}  # fmt: skip
# clone(2), refused where it makes a namespace; clone3(2), whose flags no filter can see, is one that the kernel lacks.
CLONE = {"x86_64": 56, "aarch64": 220}
CLONE3 = 435
NEW_NAMESPACES = 0x7E020000
