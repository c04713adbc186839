# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module, in the background of the host, so that its progress can be shown meanwhile."""

from __future__ import annotations

import itertools
import posixpath
import time

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible.utils.vars import merge_hash
from ansible_collections.labs.overlayroot.plugins.module_utils._core.store import LAYERS

# Seconds: the longest commit, and between looks at it.
_LONGEST = 7 * 24 * 3600
_PAUSES = (0.25, 0.5, 1)
_PAUSE = 2

# What a job in the background has besides the result of its module.
_OF_THE_JOB = ("ansible_job_id", "finished", "results_file", "started", "stderr", "stderr_lines", "stdout", "stdout_lines")


class ActionModule(ActionBase):
    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        args = self._task.args
        if self._task.check_mode or self._task.async_val or args.get("state") == "rehearsed" or not {"target", "store"} & set(args):
            return merge_hash(result, self._execute_module(task_vars=task_vars, wrap_async=bool(self._task.async_val)))
        started = self._started(task_vars)
        if "ansible_job_id" not in started:
            return merge_hash(result, started)
        job = {"jid": started["ansible_job_id"], "_async_dir": posixpath.dirname(started["results_file"])}
        return merge_hash(result, self._awaited(job, task_vars))

    def _started(self, task_vars):
        self._task.async_val = _LONGEST
        try:
            return self._execute_module(task_vars=task_vars, wrap_async=True)
        finally:
            self._task.async_val = 0

    def _awaited(self, job, task_vars):
        shown = ""
        for pause in itertools.chain(_PAUSES, itertools.repeat(_PAUSE)):
            time.sleep(pause)
            status = self._of_job(job, "status", task_vars)
            if status.get("finished") or status.get("unreachable") or status.get("failed"):
                break
            text = self._progress()
            if text != shown:
                Display().display(f"{task_vars['inventory_hostname']}: {text}")
                shown = text
        if status.get("finished"):
            self._of_job(job, "cleanup", task_vars)
        return {name: value for name, value in status.items() if name not in _OF_THE_JOB}

    def _of_job(self, job, mode, task_vars):
        args = {**job, "mode": mode}
        return self._execute_module(module_name="ansible.legacy.async_status", module_args=args, task_vars=task_vars)

    def _target(self, target=None, store=None, format="squashfs", **_more):
        """Where the module is to make it."""
        return target or f"{LAYERS}/{store}.{format}"

    def _progress(self):
        """From the file that the module keeps beside what it makes."""
        above, name = posixpath.split(posixpath.normpath(self._target(**self._task.args)))
        path = self._connection._shell.quote(f"{above}/.{name}.new/progress")
        said = self._low_level_execute_command(f"cat {path}", sudoable=True)["stdout"].split()
        if len(said) != 4:
            return "looking at the layers"
        doing, done, total = said[0], int(said[1]), int(said[2])
        return f"{doing}, {100 * done // (total or 1)} % of {total / 1e6:.0f} MB"
