# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: subhost
short_description: Run tasks in a subhost, by way of the host that it is on
version_added: 0.1.0
author:
  - labs.overlayroot contributors (@labs-overlayroot)
description:
  - Reaches the host by another connection, and enters the subhost there by C(overlayrootctl subhost run). The subhost needs neither an
    address nor an sshd, but Python for modules.
  - The variables of P(ansible.builtin.ssh#connection) that are listed here are passed on to that other connection. What else it takes
    comes from its own settings, such as C(ansible.cfg).
  - A file is held in memory while it is copied.
options:
  name:
    description:
      - The name of the subhost, or the path of its configuration.
    type: str
    vars:
      - name: inventory_hostname
      - name: ansible_subhost_name
  over:
    description:
      - The connection by which the host is reached, such as P(ansible.builtin.ssh#connection) or P(ansible.builtin.local#connection).
    type: str
    default: ansible.builtin.ssh
    vars:
      - name: ansible_subhost_over
  command:
    description:
      - The words of the command that enters, which needs root.
    type: str
    default: /usr/local/sbin/overlayrootctl
    vars:
      - name: ansible_subhost_command
  host:
    description:
      - Where the host is reached.
    type: str
    vars:
      - name: ansible_host
      - name: ansible_ssh_host
  port:
    description:
      - The port there.
    type: int
    vars:
      - name: ansible_port
      - name: ansible_ssh_port
  remote_user:
    description:
      - The user to log in as there.
    type: str
    vars:
      - name: ansible_user
      - name: ansible_ssh_user
  password:
    description:
      - The password of that user.
    type: str
    vars:
      - name: ansible_password
      - name: ansible_ssh_pass
      - name: ansible_ssh_password
  private_key_file:
    description:
      - The key of that user.
    type: path
    vars:
      - name: ansible_private_key_file
      - name: ansible_ssh_private_key_file
  host_key_checking:
    description:
      - Whether the key of the host has to be known.
    type: bool
    vars:
      - name: ansible_host_key_checking
      - name: ansible_ssh_host_key_checking
  ssh_common_args:
    description:
      - More arguments of ssh, such as a host to jump over.
    type: str
    vars:
      - name: ansible_ssh_common_args
  ssh_extra_args:
    description:
      - More arguments of ssh alone.
    type: str
    vars:
      - name: ansible_ssh_extra_args
extends_documentation_fragment:
  - connection_pipelining
"""

EXAMPLES = r"""
# The subhost web on the host lab1, which is logged in to as somebody who may use sudo:
#
# all:
#   hosts:
#     web:
#       ansible_connection: labs.overlayroot.subhost
#       ansible_host: lab1
#       ansible_user: operator
#       ansible_subhost_command: sudo --non-interactive /usr/local/sbin/overlayrootctl

- name: Have a page in the subhost
  hosts: web
  gather_facts: false
  tasks:
    - name: Write it
      ansible.builtin.copy:
        content: "This is {{ inventory_hostname }}."
        dest: /var/www/html/index.html
        mode: "0644"
"""

import shlex

from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import connection_loader


class Connection(ConnectionBase):
    transport = "labs.overlayroot.subhost"
    has_pipelining = True

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._given = (args, kwargs)
        self._host = None  # the connection to it

    def set_options(self, task_keys=None, var_options=None, direct=None):
        super().set_options(task_keys, var_options, direct)
        args, kwargs = self._given
        self._host = connection_loader.get(self.get_option("over"), *args, **kwargs)
        if self._host is None:
            raise AnsibleError(f"There is no connection {self.get_option('over')}. Name another one by ansible_subhost_over.")
        self._host.set_options(task_keys, var_options, direct)

    def _connect(self):
        self._host._connect()
        self._connected = True
        return self

    def exec_command(self, cmd, in_data=None, sudoable=True):
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        enter = [*shlex.split(self.get_option("command")), "subhost", "run", self.get_option("name"), "--", "/bin/sh", "-c", cmd]
        return self._host.exec_command(shlex.join(enter), in_data=in_data, sudoable=False)

    def put_file(self, in_path, out_path):
        super().put_file(in_path, out_path)
        try:
            with open(in_path, "rb") as stream:
                data = stream.read()
        except FileNotFoundError as error:
            raise AnsibleFileNotFound(f"{in_path} is not there on the controller.") from error
        self._copied(f"cat >{shlex.quote(out_path)}", out_path, data)

    def fetch_file(self, in_path, out_path):
        super().fetch_file(in_path, out_path)
        data = self._copied(f"cat {shlex.quote(in_path)}", in_path)
        with open(out_path, "wb") as stream:
            stream.write(data)

    def _copied(self, cmd, path, data=None):
        code, output, errors = self.exec_command(cmd, in_data=data)
        if code:
            raise AnsibleError(f"{path} in the subhost {self.get_option('name')} was not copied: {errors.decode(errors='replace').strip()}")
        return output

    def reset(self):
        self._host.reset()

    def close(self):
        if self._host is not None:
            self._host.close()
        self._connected = False
