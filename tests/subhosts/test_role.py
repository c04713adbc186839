# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook of subhosts, what it puts in place for the boot, and that itself."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .playbook import ansible, play
from .sandbox import TOP, sandbox

COLLECTION = Path(__file__).parents[2]
UNIT = COLLECTION / "roles/subhosts/templates/overlayroot-subhost@.service"
SCRIPT = "/etc/init.d/overlayroot-subhosts"


@pytest.fixture(name="host", scope="module")
def _host():
    """What the role writes to lies on the mounts of the sandbox."""
    with sandbox() as host:
        host.sh(f"mkdir -p {TOP}/etc/new {TOP}/etc/work; mount -t tmpfs -o mode=0755 none /srv")
        host.sh(f"mount -t overlay none -o lowerdir=/etc,upperdir={TOP}/etc/new,workdir={TOP}/etc/work /etc")
        yield host


def provision(host, folder, state):
    """Has the playbook bring the subhost about; how many tasks changed something."""
    web = {"name": "web", "state": state, "settings": {"START": "none", "LOG": "log"}}
    about = {"overlayroot_subhosts": [web], "overlayroot_subhosts_network": "192.0.2.0/24", "overlayroot_subhosts_bridge": "br7"}
    words = ("-ilab,", "-clocal", "-eansible_become=false", f"-e{json.dumps(about)}")
    said = play(host, *ansible(folder, COLLECTION / "playbooks/subhosts.yml", *words))
    return int(re.search(r"changed=(\d+)", said).group(1))


def test_the_playbook_starts_subhosts_now_and_at_boot(host, tmp_path):
    assert provision(host, tmp_path, "started")
    assert host.running() == ["web"]
    assert host.inside("web", "ip -4 -o address show dev eth0")[1].split()[3] == "192.0.2.2/24"
    assert provision(host, tmp_path, "started") == 0
    host.sh(f"{SCRIPT} stop")
    assert host.running() == []
    host.sh(f"{SCRIPT} start")
    assert "web" in host.sh(f"{SCRIPT} status")
    assert host.sh("ls /etc/rc2.d | grep overlayroot-subhosts").startswith("S")
    assert provision(host, tmp_path, "absent")
    assert host.running() == []
    assert host.sh("ls /srv/subhosts; grep -v '^#' /etc/overlayroot/subhosts || :") == ""


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_unit(tmp_path):
    text = UNIT.read_text(encoding="utf-8")
    unit = tmp_path / UNIT.name
    unit.write_text(re.sub(r"\{\{.*?\}\}", "", text).replace("/usr/local/sbin/overlayrootctl", "/bin/true"), encoding="utf-8")
    instance = str(unit).replace("@", "@srv-subhosts-web-web.conf")
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", instance], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
