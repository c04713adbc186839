# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subhosts that are started, used and stopped, by the command as it is installed."""

from __future__ import annotations

import os
import signal
import sys
import time

import pytest
from ansible_collections.labs.overlayroot.plugins.module_utils._subhost import services

from .playbook import inside, play
from .sandbox import COMMAND, TOP, sandbox, wait_until


@pytest.fixture(name="host", scope="module")
def _host():
    with sandbox() as host:
        yield host


@pytest.fixture(autouse=True)
def _nothing_is_left(host):
    before = host.left()
    yield
    assert host.left() == before


def test_started_used_and_stopped(host):
    config = host.make("one", "CABLES= =", "ADDRESSES=192.0.2.2/24")
    assert host.done("boot", config, "--check")["changed"]
    assert host.running() == []
    done = host.done("boot", config)
    assert done["changed"] and done["subhost"]["running"]
    assert not host.done("boot", config)["changed"]
    assert host.running() == ["one"]
    assert host.inside("one", "hostname; echo written >/etc/x; exit 7") == (7, "one")
    assert host.sh(f"cat {TOP}/one/root/etc/x") == "written\n"
    host.sh("ip address add 192.0.2.1/24 dev one0")
    assert "192.0.2.2" in host.inside("one", "ip -4 -o address show dev eth0")[1]
    assert host.sh("grep -c . /proc/net/arp || :") != ""
    restarted = host.done("restart", config)
    assert [step["step"] for step in restarted["steps"]][0] == "stop"
    assert host.running() == ["one"]
    assert host.done("stop", "one")["changed"]
    assert not host.done("stop", config)["changed"]
    assert host.running() == []


def test_what_a_subhost_can_be_made_of(host):
    host.sh(f"mkdir -p {TOP}/tree; mount --bind / {TOP}/tree; mount --make-private {TOP}/tree")
    for name, lines, kind in (
        ("union", (f"LOWER={TOP}/tree",), "union"),
        ("bound", (f"LOWER={TOP}/tree", f"UPPER={TOP}/tree", "PREMOUNT=/bin/true"), "bound"),
        ("there", (f"LOWER={TOP}/tree", f"LIVE={TOP}/tree", "RAM_SIZE=none"), "premounted"),
    ):
        config = host.make(name, *lines)
        assert host.done("boot", config)["subhost"]["kind"] == kind
        assert host.inside(name, "test -x /bin/sh && hostname") == (0, name)
        assert host.done("stop", config)["changed"]
    host.sh(f"umount {TOP}/tree")


def test_on_a_host_whose_root_is_a_union(host):
    """Its own union is the second one, which is as deep as the kernel goes."""
    tree = f"{TOP}/deep/tree"
    config = host.make("deep", f"LOWER={tree}")
    host.sh(f"mkdir -p {tree} {TOP}/deep/rw/upper {TOP}/deep/rw/work")
    host.sh(f"mount -t overlay none -o lowerdir=/,upperdir={TOP}/deep/rw/upper,workdir={TOP}/deep/rw/work {tree}")
    host.done("boot", config)
    assert host.inside("deep", "echo x >/root/x; hostname") == (0, "deep")
    deeper = host.make("deeper", f"LOWER={TOP}/deep/live")
    assert "the kernel stacks 2 deep" in host.refused("boot", deeper)
    host.done("stop", config)
    host.sh(f"umount {tree}")


TOOL = """#!/bin/sh
echo $ACTION >>/mnt/prog/actions
case $ACTION in setup) mkdir -p /mnt/prog/made; echo /mnt/prog/made ;; esac
"""


def test_an_upper_that_a_program_tells(host):
    config = host.make("prog", f"UPPER={TOP}/prog/tool", f"WORK={TOP}/prog/work")
    host.write(f"{TOP}/prog/tool", TOOL, "755")
    host.done("boot", config)
    host.inside("prog", "echo x >/root/x")
    assert host.sh(f"ls {TOP}/prog/made/root") == "x\n"
    host.done("stop", config)
    assert host.sh(f"cat {TOP}/prog/actions") == "setup\nteardown\n"
    for text, said in (("#!/bin/sh\n", "printed no folder"), ("#!/bin/sh\necho no >&2; exit 3\n", "ended with exit code 3: no")):
        host.write(f"{TOP}/prog/tool", text, "755")
        assert said in host.refused("boot", config)


HOOK = "#!/bin/sh\necho $0 $CONFIG $* >>/mnt/hook/said\n"


def test_hooks_and_shares(host):
    config = host.make("hook", "SHARE=/mnt/hook/data:/srv/data", "SHARE=/mnt/hook/file", "INIT=/mnt/hook/init a")
    with open(os.path.join("/proc", str(host.pid), "root/mnt/hook", "hook.conf"), "a", encoding="utf-8") as stream:
        stream.write("PREMOUNT=/mnt/hook/pre x\nPOSTMOUNT=/mnt/hook/post\n")
    host.sh(f"mkdir -p {TOP}/hook/data; echo x >{TOP}/hook/data/x; echo y >{TOP}/hook/file")
    host.write(f"{TOP}/hook/pre", HOOK, "755")
    host.write(f"{TOP}/hook/post", HOOK + "mount -t tmpfs post /mnt/hook/live/opt; echo z >/mnt/hook/live/opt/z\n", "755")
    host.write(f"{TOP}/hook/init", "#!/bin/sh\necho 'echo $HOME >/run/init; sleep 1000 &'\n", "755")
    host.done("boot", config)
    assert host.sh(f"cat {TOP}/hook/said") == f"/mnt/hook/pre {config} x /mnt/hook/root\n/mnt/hook/post {config}\n"
    wait_until(lambda: host.inside("hook", "cat /run/init")[0] == 0)
    said = host.inside("hook", "cat /srv/data/x /mnt/hook/file /opt/z; echo new >/srv/data/new")
    assert said == (0, "x\ny\nz")
    assert host.sh(f"cat {TOP}/hook/data/new; ! test -e {TOP}/hook/live/opt/z") == "new\n"
    host.done("stop", config)


SERVICE = """#!/bin/sh
echo $1 >>/said
case $1 in start) sleep 1000 & ;; stop) pkill sleep ;; esac
"""


def test_services(host):
    config = host.make("serve", "START=/service missing")
    host.write(f"{TOP}/serve/root/service", SERVICE, "755")
    host.done("boot", config)
    assert "sleep 1000" in host.inside("serve", "ps ax")[1]
    assert "dummy" not in host.inside("serve", "cat /proc/*/comm")[1]
    host.done("stop", config)
    assert host.sh(f"cat {TOP}/serve/root/said") == "start\nstop\n"
    assert "service missing start" in host.sh(f"cat {TOP}/serve/log")


def test_it_ends_when_nothing_is_left_to_reap(host):
    config = host.make("end")
    for ending in ("echo >/run/dummy_service", "pkill dummy_service"):
        host.done("boot", config)
        host.inside("end", ending)
        wait_until(lambda: host.keepers() == [])
        assert host.running() == []
        assert not host.done("stop", config)["changed"]


def test_a_bridge_and_two_subhosts_that_talk(host):
    configs = [
        host.make(f"talk{number}", f"CABLES=br9=02:00:00:00:00:0{number}", f"ADDRESSES=198.51.100.{number}/24") for number in (1, 2)
    ]
    assert "bridge br9: does not exist" in host.refused("boot", configs[0])
    for config in configs:
        host.done("boot", config, "--bridges")
    assert "02:00:00:00:00:02" in host.inside("talk2", "ip link show dev eth0")[1]
    listen = "import socket; s = socket.create_server(('198.51.100.2', 80)); c = s.accept()[0]; c.send(b'hello'); c.close()"
    ask = "import socket; print(socket.create_connection(('198.51.100.2', 80), 20).recv(9).decode())"
    argv = [sys.executable, "-I", COMMAND, "subhost", "run", "talk2", "--", sys.executable, "-c", listen]
    with host.start(*argv):
        wait_until(lambda: ":80 " in host.inside("talk2", "ss -ltn")[1])
        assert host.inside("talk1", f'{sys.executable} -c "{ask}"') == (0, "hello")
    for config in configs:
        host.done("stop", config)
    host.sh("ip link delete br9")


def test_limits(host):
    config = host.make("limit", "PROCESSES=12", "MEMORY=64M")
    code, _output, errors = host.ctl("boot", config)
    if code and "no cgroup controller" in errors:
        pytest.skip(errors)
    assert code == 0, errors
    assert host.inside("limit", "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do sleep 5 & done; wait")[0] != 0
    assert host.inside("limit", f"{sys.executable} -c 'b\"x\" * (100 << 20)'")[0] == 137
    host.done("stop", config)


def test_a_session_is_looked_at_and_reset_like_any_other(host):
    config = host.make("session")
    host.done("boot", config)
    host.inside("session", "echo x >/root/x")
    diff = [sys.executable, "-I", COMMAND, "diff", f"{TOP}/session/live"]
    assert "/root/x" in host.run(*diff)[1]
    reset = [sys.executable, "-I", COMMAND, "reset", f"{TOP}/session/live"]
    code, _output, errors = host.run(*reset)
    assert code == 3 and "Device or resource busy. End what uses it: sh" in errors
    assert host.inside("session", "cat /root/x") == (0, "x")
    host.done("stop", config)
    host.done("boot", config)
    assert host.inside("session", "cat /root/x") == (0, "x")
    host.done("stop", config)


@pytest.mark.parametrize("victim", ["keeper", "init"])
def test_a_part_that_is_killed_leaves_nothing(host, victim):
    config = host.make("kill", "CABLES= =")
    host.done("boot", config)
    init = host.done("list")["subhosts"][0]["pid"]
    keeper = int(host.sh(f"sed -n 's/PPid:\t//p' /proc/{init}/status"))
    os.kill(keeper if victim == "keeper" else init, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{init}") and not os.path.exists(f"/proc/{keeper}"))
    assert host.running() == []
    # Where the keeper lives it has put all away by itself.
    assert host.done("stop", config)["changed"] == (victim == "keeper")


STUBBORN = """#!/bin/sh
trap : TERM INT HUP
case $1 in start) sh -c 'trap "" TERM; while :; do sleep 1; done' & ;; stop) while :; do sleep 1; done ;; esac
"""


def test_a_service_that_never_stops(host):
    config = host.make("stay", "START=/stay", "CABLES= =")
    host.write(f"{TOP}/stay/root/stay", STUBBORN, "755")
    host.done("boot", config)
    began = time.monotonic()
    assert host.done("stop", config)["changed"]
    assert services.STOP_PATIENCE < time.monotonic() - began < services.PATIENCE + 30
    assert "/stay stop has not ended in 20 seconds" in host.sh(f"cat {TOP}/stay/log")


@pytest.mark.parametrize("verb", ["boot", "stop"])
def test_a_command_that_is_killed_leaves_what_the_next_one_goes_on_with(host, verb):
    """Whoever starts or stops a subhost: of either half of what it does something may be left."""
    config = host.make("half", "CABLES= =", "START=/slow")
    host.write(f"{TOP}/half/root/slow", "#!/bin/sh\ncase $1 in start) sleep 1000 & ;; esac; sleep 1\n", "755")
    if verb == "stop":
        host.done("boot", config)
    with host.start(sys.executable, "-I", COMMAND, "subhost", verb, config) as starter:
        wait_until(lambda: f"/slow {verb.replace('boot', 'start')}" in host.sh(f"cat {TOP}/half/log 2>/dev/null || :"))
        starter.kill()
    assert host.done("stop", config)["changed"] or verb == "stop"
    assert host.running() == []


def test_a_reboot_of_the_host_leaves_files_alone(host):
    """All processes are gone at once, and with them what is mounted, in /run and of the network; the files stay."""
    config = host.make("power", "CABLES= =")
    host.done("boot", config)
    host.inside("power", "echo kept >/root/x")
    for pid in host.keepers():
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: host.keepers() == [])
    wait_until(lambda: host.run("umount", f"{TOP}/power/live")[0] == 0)
    host.sh("umount -l /run/netns/power; rm /run/netns/power")
    wait_until(lambda: "power0" not in host.sh("ip link show"))
    assert host.done("boot", config)["changed"]
    assert host.inside("power", "cat /root/x") == (0, "kept")
    host.done("stop", config)


def test_it_is_started_again_over_what_a_crash_left(host):
    config = host.make("again", "CABLES= =")
    host.done("boot", config)
    init = host.done("list")["subhosts"][0]["pid"]
    keeper = int(host.sh(f"sed -n 's/PPid:\t//p' /proc/{init}/status"))
    os.kill(keeper, signal.SIGKILL)
    wait_until(lambda: not os.path.exists(f"/proc/{init}"))
    assert host.done("boot", config)["changed"]
    assert host.running() == ["again"]
    host.done("stop", config)


def test_a_failed_start_is_undone(host):
    config = host.make("fail", "CABLES= =", "POSTMOUNT=/bin/false")
    assert "did not start" in host.refused("boot", config)
    assert "does not run" in host.refused("run", "fail", "true")
    config = host.make("fail2", "CABLES= =", "INIT=/bin/false")
    assert "command /bin/false: ended with exit code 1" in host.refused("boot", config)


def test_a_name_that_is_taken(host):
    host.sh("ip netns add taken; ip netns exec taken sleep 1000 >/dev/null 2>&1 & echo $! >/run/taken")
    config = host.make("taken")
    wait_until(lambda: "processes are in" in host.ctl("boot", config)[2])
    host.sh("kill $(cat /run/taken)")
    wait_until(lambda: not host.ctl("boot", config)[0])
    assert "is that of the subhost of" in host.refused("boot", host.make("other", "NAME=taken"))
    host.done("stop", config)


def test_commands_only_where_they_are_allowed(host):
    config = host.make("cmd", "LIVE=$(live)")
    assert "cmd.conf line 3, LIVE: a command of a shell" in host.refused("boot", config, "--commands")
    config = host.make("cmd", "LOWER=!echo /")
    assert "cmd.conf line 3, LOWER: is a command, and commands are not allowed" in host.refused("boot", config)
    config = host.make("cmd", "LOWER=!echo /")
    host.done("boot", config, "--commands")
    host.done("stop", config, "--commands")


def test_a_log_that_is_a_link_is_not_followed(host):
    config = host.make("log")
    host.sh(f"echo kept >{TOP}/log/precious; ln -s precious {TOP}/log/log")
    assert "Too many levels of symbolic links" in host.refused("boot", config)
    assert host.sh(f"cat {TOP}/log/precious") == "kept\n"


def test_sessions_are_saved_compared_and_rolled_back(host):
    config = host.make("layers", "STORE=store")
    host.done("boot", config)
    host.inside("layers", "echo first >/root/x; echo first >/root/y")
    assert "is not stopped" in host.refused("save", config, "one")
    host.done("stop", config)
    assert host.done("save", config, "one", "--check")["changed"]
    assert host.done("save", config, "one", "--label", "All of it")["subhost"]["generation"] == 1
    assert not host.done("save", config, "one")["changed"]
    host.done("boot", config)
    assert host.inside("layers", "cat /root/x; echo second >/root/x; rm /root/y") == (0, "first")
    host.done("stop", config)
    changes = {change["path"]: change["kind"] for change in host.done("diff", config)["changes"]}
    assert changes["/root/x"] == "modified" and changes["/root/y"] == "deleted"
    host.done("save", config, "two")
    generations = host.done("generations", config)
    assert [found["layers"] for found in generations["generations"]] == [["one"], ["one", "two"]]
    assert [layer["label"] for layer in generations["layers"]] == ["All of it", ""]
    for generation, seen in (("1", "first"), ("2", "second"), ("0", "")):
        assert host.done("rollback", config, generation)["changed"]
        host.done("boot", config)
        assert host.inside("layers", "cat /root/x /root/y 2>/dev/null || :")[1].split()[:1] == seen.split()
        host.done("stop", config)
    assert host.done("reset", config)["changed"]
    assert not host.done("reset", config)["changed"]
    assert host.sh(f"ls -A {TOP}/layers/root") == ""
    assert "generation 9: the store does not have it" in host.refused("rollback", config, "9")
    # The bare base is what it is started over, and the newest is never given up.
    assert host.done("prune", config, "--keep", "1")["changed"]
    assert not host.done("prune", config, "--keep", "1")["changed"]
    assert [found["layers"] for found in host.done("generations", config)["generations"]] == [["one", "two"]]
    host.done("rollback", config, "2")
    host.done("boot", config)
    host.done("stop", config)
    host.done("save", config, "three")
    host.done("rollback", config, "0")
    host.done("save", config, "four")
    assert host.done("prune", config, "--keep", "0")["subhost"]["layers"][0]["id"] == "four"
    wait_until(lambda: host.sh(f"ls -A {TOP}/layers/store/layers").split() == ["four", "four.json"])


def test_a_save_that_was_cut_off_is_gone_on_with(host):
    config = host.make("cut", "STORE=store")
    host.write(f"{TOP}/cut/root/root/x", "kept")
    host.done("save", config, "one")
    # As it is when the power goes after the rename.
    host.sh(f"rmdir {TOP}/cut/root; echo 0 >{TOP}/cut/store/boot/current")
    assert "UPPER=/mnt/cut/root: does not exist" in host.refused("boot", config)
    assert host.done("save", config, "one")["subhost"]["generation"] == 1
    # And before it.
    host.write(f"{TOP}/cut/root/root/y", "new")
    host.sh(f"printf 'one\\ntwo\\n' >{TOP}/cut/store/generations/2")
    assert host.done("save", config, "two")["subhost"]["generation"] == 2
    host.done("boot", config)
    assert host.inside("cut", "cat /root/x /root/y") == (0, "keptnew")
    host.done("stop", config)


def test_layers_of_a_subhost_are_committed(host):
    tree = f"{TOP}/commit/tree"
    config = host.make("commit", "STORE=store", "LOWER=tree")
    host.sh(f"mkdir -p {tree}; echo below >{tree}/below")
    host.write(f"{TOP}/commit/root/above", "above")
    found = host.done("save", config, "one")["subhost"]
    sources = [word for path in found["lowers"] for word in ("--source", path)]
    argv = [sys.executable, "-I", COMMAND, "commit", f"{TOP}/whole", "--format", "directory", *sources]
    code, _output, errors = host.run(*argv)
    assert code == 0, errors
    assert host.sh(f"cd {TOP}/whole; cat below above") == "below\nabove"


def test_a_playbook_runs_in_it(host, tmp_path):
    config = host.make("play")
    host.done("boot", config)
    play(host, *inside("play", tmp_path, "-eansible_subhost_over=local"))
    assert host.sh(f"cat \"{TOP}/play/root/root/a 'page'\"") == "This is play."
    code, output, _errors = host.run(*inside("none", tmp_path, "-eansible_subhost_over=local"))
    assert code != 0 and "subhost none: does not run" in output
    host.done("stop", config)
