# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's own services in subhosts, as overlay-boot's own examples have them and over cables."""

from __future__ import annotations

import gzip
import os
import re
import sys

import pytest

from . import packages
from .playbook import inside, play
from .sandbox import TOP, sandbox, wait_until

SERVICES = ("openssh-server", "nginx-light", "ifupdown", "inetutils-syslogd", "sasl2-bin", "postfix", "dovecot-imapd")
INSTALL = "DEBIAN_FRONTEND=noninteractive dpkg --force-unsafe-io --path-exclude='/usr/share/man/*' --install /debs/*.deb >/debs/log 2>&1 || ! cat /debs/log"
ALLOW = "mkdir -p -m 700 /root/.ssh && cp /debs/key.pub /root/.ssh/authorized_keys && cp /debs/key /root/key"
MADE = f"{TOP}/made"
KEY = f"{TOP}/key"
OPTIONS = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
ASK = "import socket; print(socket.create_connection(({!r}, {}), 5).recv(99).decode())"
FETCH = 'import urllib.request; print(urllib.request.urlopen("http://{}/", timeout=20).read().decode())'


@pytest.fixture(name="host", scope="module")
def _host():
    """A subhost has the packages installed, with all that their own scripts do; its upper is that of others then."""
    with sandbox() as host:
        packages.with_all_they_need(SERVICES, f"/proc/{host.pid}/root{TOP}/debs")
        config = host.make("made", f"SHARE={TOP}/debs:/debs")
        host.done("boot", config)
        code, said = host.inside("made", INSTALL)
        assert code == 0, said
        host.sh(f"ssh-keygen -q -t ed25519 -N '' -f {KEY}; cp {KEY} {KEY}.pub {TOP}/debs")
        assert host.inside("made", ALLOW) == (0, "")
        host.done("stop", config)
        yield host


@pytest.fixture(autouse=True)
def _nothing_is_left(host):
    before = host.left()
    yield
    assert host.left() == before


def answers(host, address, port, greeting):
    """Whether a server greets who comes from the host."""
    return host.run(sys.executable, "-c", ASK.format(address, port))[1].startswith(greeting)


def test_sshd_and_nginx_are_reached_over_cables_and_from_each_other(host):
    configs = []
    for number, name in enumerate(("web", "shop"), 2):
        config = host.make(name, "CABLES=br0=", f"ADDRESSES=192.0.2.{number}/24", "GATEWAY=192.0.2.1", "START=ssh nginx")
        host.sh(f"cp -a {MADE}/root/. {TOP}/{name}/root")
        host.write(f"{TOP}/{name}/root/var/www/html/index.html", f"This is {name}.")
        configs.append(config)
        host.done("boot", config, "--bridges")
    host.sh("ip address add 192.0.2.1/24 dev br0")
    wait_until(lambda: answers(host, "192.0.2.2", 22, "SSH-") and answers(host, "192.0.2.3", 22, "SSH-"))
    assert host.run(sys.executable, "-c", FETCH.format("192.0.2.2"))[1] == "This is web.\n"
    assert host.sh(f"ssh -i {KEY} {OPTIONS} root@192.0.2.3 hostname") == "shop\n"
    over = f"echo '{FETCH.format('192.0.2.2')}' | ssh -i /root/key {OPTIONS} root@192.0.2.3 {sys.executable} -"
    assert host.inside("web", over) == (0, "This is web.")
    for config in configs:
        host.done("stop", config)
    host.sh("ip link delete br0")


SSHD = "/usr/sbin/sshd -o AuthorizedKeysFile={}.pub -o StrictModes=no -o ListenAddress=127.0.0.1 -o PidFile={}/sshd.pid"


@pytest.fixture(name="with_sshd")
def _with_sshd(host):
    """The host has the packages, too."""
    host.sh(f"cp /usr/local/sbin/overlayrootctl {TOP}; mkdir -p /run/sshd")
    for folder in ("/etc", "/usr"):
        host.sh(f"mount -t overlay none -o lowerdir={MADE}/root{folder}:{folder} {folder}")
    host.sh(f"mount -t tmpfs none /usr/local/sbin; cp {TOP}/overlayrootctl /usr/local/sbin")
    host.sh(SSHD.format(KEY, TOP))
    yield
    host.sh(f"kill $(cat {TOP}/sshd.pid); umount /usr/local/sbin; umount -l /usr /etc")


@pytest.mark.usefixtures("with_sshd")
def test_a_playbook_runs_in_a_subhost_of_a_host_that_is_reached_over_ssh(host, tmp_path):
    config = host.make("far")
    host.done("boot", config)
    over_ssh = ("-eansible_host=127.0.0.1", "-eansible_user=root", f"-eansible_ssh_private_key_file={KEY}")
    play(host, *inside("far", tmp_path, *over_ssh))
    assert host.sh(f"cat \"{TOP}/far/root/root/a 'page'\"") == "This is far."
    host.done("stop", config)


@pytest.fixture(name="examples", scope="module")
def _examples(host, tmp_path_factory):
    """overlay-boot's own, from its manual: {path: text}."""
    folder = tmp_path_factory.mktemp("unstable")
    packages.of_unstable("overlay-boot", folder)
    host.sh(f"cd {folder}; dpkg-deb -x overlay-boot_*.deb .")
    with gzip.open(folder / "usr/share/man/man8/overlay-boot.8.gz", "rt", encoding="utf-8") as stream:
        blocks = re.findall(r"^\.fam C\n(.*?)^\.fam\n", stream.read(), re.MULTILINE | re.DOTALL)
    found = {}
    for block in blocks:
        text = block.replace("\\-", "-")
        found[re.match(r"# (\S+)", text).group(1)] = text
    host.sh("mount -t tmpfs -o mode=0755 none /opt")
    yield found
    host.sh("umount /opt; rm -f /tmp/oly-copy.log /tmp/oly-tiny.log /tmp/oly-mta.log")


def put(host, examples, path, is_filled):
    base = os.path.dirname(path)
    host.sh(f"mkdir -p {base}/root {base}/work {base}/live" + (f"; cp -a {MADE}/root/. {base}/root" if is_filled else ""))
    host.write(path, examples[path])
    return path


def test_the_smallest_example_of_overlay_boot(host, examples):
    config = put(host, examples, "/opt/subhost/copy/copy.conf", is_filled=True)
    host.done("boot", config)
    ask = f'{sys.executable} -c "{ASK.format("127.0.0.1", 22)}"'
    assert host.inside("copy", ask)[1].startswith("SSH-")
    assert host.done("stop", config)["changed"]


def test_the_tiny_example_of_overlay_boot(host, examples):
    config = put(host, examples, "/opt/subhost/tiny/tiny.conf", is_filled=False)
    host.sh("mkdir /opt/subhost/tiny/base; mount --bind / /opt/subhost/tiny/base; mount --make-private /opt/subhost/tiny/base")
    host.done("boot", config)
    assert "dummy_service" in host.inside("tiny", "cat /proc/[0-9]*/comm")[1]
    assert "eth0" in host.inside("tiny", "ip link show")[1]
    assert host.done("stop", config)["changed"]
    host.sh("umount /opt/subhost/tiny/base")


HOST_SIDE = "iface mta0 inet static\n  address 192.0.2.1/24\n"
INSIDE = {
    "network/interfaces": "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet static\n  address 192.0.2.2/24\n",
    "default/saslauthd": "START=yes\nMECHANISMS=pam\n",
    "dovecot/conf.d/10-ssl.conf": "ssl = no\n",
}


@pytest.fixture(name="with_ifupdown")
def _with_ifupdown(host):
    """The host's end of a cable is set up by the host's own ifup."""
    host.sh(f"cp -P {MADE}/root/usr/sbin/if[udq]* /usr/local/sbin; mkdir -p {TOP}/etc/new {TOP}/etc/work")
    host.sh(f"cp -a {MADE}/root/etc/network {TOP}/etc/new")
    host.sh(f"mount -t overlay none -o lowerdir=/etc,upperdir={TOP}/etc/new,workdir={TOP}/etc/work /etc")
    host.write("/etc/network/interfaces", HOST_SIDE)
    yield
    host.sh("umount /etc; rm /usr/local/sbin/if*")


@pytest.mark.usefixtures("with_ifupdown")
def test_the_larger_example_of_overlay_boot(host, examples):
    config = put(host, examples, "/opt/subhost/mta/mta.conf", is_filled=True)
    for name, text in INSIDE.items():
        host.write(f"/opt/subhost/mta/root/etc/{name}", text)
    host.done("boot", config)
    for port, greeting in ((22, "SSH-"), (25, "220 "), (143, "* OK")):
        wait_until(lambda port=port, greeting=greeting: answers(host, "192.0.2.2", port, greeting))
    names = host.inside("mta", "cat /proc/[0-9]*/comm")[1].split()
    assert {"syslogd", "sshd", "saslauthd", "master", "dovecot"} <= set(names)
    assert host.done("stop", config)["changed"]
    assert "has not ended" not in host.sh("cat /tmp/oly-mta.log")
