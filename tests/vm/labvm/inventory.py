# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright (c) 2026 labs.overlayroot contributors
"""Ansible's view of guests."""

import shlex

from . import ssh
from .guest import Guest


def inventory(names):
    """An inventory of these guests, as a value that JSON and so YAML can hold."""
    return {"all": {"hosts": {name: _host(Guest(name)) for name in names}}}


def _host(guest):
    options = ssh.options(guest.name, guest.known_hosts)
    return {
        "ansible_host": "127.0.0.1",
        "ansible_port": guest.record().port,
        "ansible_user": ssh.USER,
        "ansible_ssh_private_key_file": str(ssh.key()),
        "ansible_ssh_common_args": shlex.join(["-F", "none", *(w for o in options for w in ("-o", o))]),
        "ansible_python_interpreter": "/usr/bin/python3",
    }
