# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What root in a subhost tries, and must not get: each row of the table in docs/subhosts.md."""

from __future__ import annotations

import errno
import os
import sys

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._core import isolation

from .sandbox import TOP, sandbox

LINKED = "/usr/local/sbin"
CONF = ("CABLES= =", "SHARE=/mnt/jail/data:/srv/inner/data", "NO_NEW_PRIVS=yes")


@pytest.fixture(name="host", scope="module")
def _host():
    with sandbox() as host:
        config = host.make("jail", *CONF)
        # On the host the link leads elsewhere than in the subhost, where nothing is mounted.
        host.sh(f"mkdir {TOP}/jail/data; echo shared >{TOP}/jail/data/x; ln -s {LINKED} {TOP}/jail/root/srv")
        host.sh(f"mknod {TOP}/jail/root/null c 1 3; chmod 666 {TOP}/jail/root/null")
        host.done("boot", config)
        yield host
        host.done("stop", config)


def python(host, code):
    """What code prints in the subhost."""
    code, output, errors = host.ctl("run", "jail", "--", sys.executable, "-c", code)
    assert code == 0, errors
    return output.strip()


CALLS = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
for call in {}:
    print("did it" if libc.syscall(*call) >= 0 else errno.errorcode[ctypes.get_errno()])
"""


def refused(host, *calls):
    """How the kernel answers each, which is a number and arguments."""
    return python(host, CALLS.format(calls)).split()


LEAVE = """
import os
top = os.open("/", os.O_RDONLY)
os.makedirs("/tmp/below", exist_ok=True)
os.chroot("/tmp/below")
os.fchdir(top)
for _ in range(64):
    os.chdir("..")
os.chroot(".")
print(os.path.exists({!r}))
"""


def test_there_is_no_way_up_out_of_the_root(host):
    marker = f"{TOP}/jail/data/x"
    host.sh(f"test -e {marker}")
    assert python(host, LEAVE.format(marker)) == "False"
    assert host.inside("jail", "ls /proc/1/root/")[0] != 0
    assert host.inside("jail", "ls /proc/1/cwd/")[0] != 0


def test_nothing_of_the_host_is_mounted(host):
    mounted = {line.split()[4] for line in host.inside("jail", "cat /proc/self/mountinfo")[1].splitlines()}
    known = {f"/proc/{name}" for name in (*isolation.READ_ONLY, *isolation.MASKED)} | {f"/sys/{n}" for n in isolation.MASKED_OF_SYS}
    own = {"/", "/proc", "/sys", "/dev", "/dev/pts", "/dev/shm", "/run", f"{LINKED}/inner/data"}
    assert mounted <= own | known


def test_a_share_goes_where_the_subhost_sees_it(host):
    assert host.inside("jail", "cat /srv/inner/data/x") == (0, "shared")
    assert host.sh(f"ls {LINKED}") == "overlayrootctl\n"


MACHINE = os.uname().machine
REFUSED = {
    "mount": (0, 0, 0, 0, 0),
    "umount2": (0, 2),
    "pivot_root": (0, 0),
    "unshare": (0x10000000,),
    "setns": (0, 0),
    "open_tree": (-100, 0, 1),
    "bpf": (0, 0, 0),
    "keyctl": (0, 0),
    "init_module": (0, 0, 0),
    "kexec_load": (0, 0, 0, 0),
    "reboot": (0, 0, 0),
    "open_by_handle_at": (0, 0, 0),
    "perf_event_open": (0, 0, -1, -1, 0),
    "userfaultfd": (0,),
}


@pytest.mark.skipif(MACHINE not in isolation.SYSTEM_CALLS, reason="there is no filter for this machine")
def test_system_calls_that_are_refused(host):
    numbers = isolation.SYSTEM_CALLS[MACHINE][1]
    calls = [(numbers[name], *arguments) for name, arguments in REFUSED.items()]
    assert dict(zip(REFUSED, refused(host, *calls))) == dict.fromkeys(REFUSED, "EPERM")
    # A new process that is to have namespaces of its own.
    new = (isolation.CLONE[MACHINE], 0x10000000 | 17, 0, 0, 0, 0)
    assert refused(host, new, (isolation.CLONE3, 0, 0)) == ["EPERM", "ENOSYS"]


def test_the_capabilities_are_those_that_are_stated(host):
    kept = sum(1 << number for number in isolation.CAPABILITIES.values())
    status = host.inside("jail", "cat /proc/self/status")[1]
    found = dict(line.split(":\t") for line in status.splitlines() if line.startswith(("Cap", "NoNewPrivs", "Seccomp:")))
    assert {name: int(found[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb")} == {
        **dict.fromkeys(("CapPrm", "CapEff", "CapBnd"), kept),
        **dict.fromkeys(("CapInh", "CapAmb"), 0),
    }
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")


def test_devices(host):
    assert "Operation not permitted" in host.inside("jail", "mknod /tmp/mem c 1 1")[1]
    # One that was in the upper is one in name only.
    assert "Permission denied" in host.inside("jail", "cat /null")[1]
    assert host.inside("jail", "head -c 4 /dev/zero | wc -c; echo >/dev/null; test -c /dev/tty")[0] == 0
    numbers = host.inside("jail", "find /dev -type c -printf '%f '")[1].split()
    assert set(numbers) == {name for name, _mode, _major, _minor in isolation.DEVICES} | {"ptmx"}
    assert host.inside("jail", "find /dev -type b")[1] == ""


SETTINGS = ("/proc/sys/kernel/hostname", "/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity")


def test_the_kernel_is_not_set_up_from_inside(host):
    there = [path for path in SETTINGS if os.path.exists(path)]
    said = host.inside("jail", "\n".join(f"(echo x >{path}) 2>&1" for path in there))[1].splitlines()
    assert len(said) == len(there)
    assert all("Read-only file system" in line for line in said), said


def test_the_devices_of_the_host_are_not_set_up_from_inside(host):
    writes = "for file in /sys/class/net/eth0/mtu /sys/power/state /sys/kernel/uevent_helper; do echo 1 >$file; done 2>&1"
    assert "Read-only file system" in host.inside("jail", writes)[1]


def test_what_is_masked_tells_nothing(host):
    paths = " ".join([*(f"/proc/{name}" for name in isolation.MASKED), "/sys/firmware"])
    look = f"for path in {paths}; do if test -d $path; then ls -A $path; else head -c 9 $path; fi; done 2>/dev/null"
    assert host.inside("jail", look)[1] == ""


def test_the_messages_of_the_kernel_are_refused(host):
    assert "Operation not permitted" in host.inside("jail", "head -c 9 /proc/kmsg")[1]


def test_the_processes_of_the_host_are_out_of_sight_and_reach(host):
    numbers = host.inside("jail", "ls /proc | grep -c '^[0-9]'")[1]
    assert int(numbers) < 10
    assert "No such process" in host.inside("jail", f"kill -0 {host.pid} 2>&1 || echo No such process")[1]


def test_namespaces_are_its_own(host):
    names = ("mnt", "net", "pid", "uts", "ipc", "cgroup")
    inside = host.inside("jail", " ".join(["readlink", *(f"/proc/self/ns/{name}" for name in names)]))[1].split()
    outside = [os.readlink(f"/proc/{host.pid}/ns/{name}") for name in names]
    assert len(inside) == len(names)
    assert not set(inside) & set(outside)


def test_only_its_own_network_is_seen(host):
    names = set(host.inside("jail", "cat /proc/net/dev | sed -n 's/^ *\\([^ :]*\\):.*/\\1/p'")[1].split())
    assert {name for name in names if name.startswith(("eth", "jail", "en"))} == {"eth0"}


def test_no_descriptor_comes_from_the_host(host):
    said = host.inside("jail", "for fd in /proc/[0-9]*/fd/*; do readlink $fd; done 2>/dev/null")[1].splitlines()
    assert said
    assert all(line.startswith(("pipe:", "/dev/null", "/proc/", "/run/dummy_service")) for line in said), said


ITSELF = """
import os
program = os.open("/proc/self/exe", os.O_RDONLY)
os.set_inheritable(program, True)
os.execv("/bin/sh", ["sh", "-c", f"chmod 755 /proc/self/fd/{program} 2>&1; cat /proc/1/exe 2>&1 | head -c 200"])
"""


def test_the_program_of_the_host_that_enters_cannot_be_changed(host):
    """A subhost can have the process that enters it run the host's Python, and keep hold of that."""
    host.inside("jail", "ln -s /proc/self/exe /evil")
    code, output, errors = host.ctl("run", "jail", "--", "/evil", "-I", "-S", "-c", ITSELF)
    assert code == 0, errors
    assert "Read-only file system" in output
    assert "Permission denied" in output


def test_the_first_process_has_no_capability(host):
    assert host.inside("jail", "grep -E 'Cap(Prm|Eff|Amb)' /proc/1/status | grep -v 0000000000000000")[1] == ""


def test_the_memory_of_its_first_process_is_shut(host):
    assert python(host, "try: open('/proc/1/mem', 'rb')\nexcept OSError as error: print(error.errno)") == str(errno.EACCES)


def test_set_user_id_programs_do_nothing_where_no_new_privileges_are_asked_for(host):
    assert host.inside("jail", "grep NoNewPrivs /proc/1/status")[1].split() == ["NoNewPrivs:", "1"]
