# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import os
import signal
from types import SimpleNamespace

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.labs.overlayroot.plugins.module_utils import _engine, _entry
from ansible_collections.labs.overlayroot.plugins.module_utils._core.errors import OverlayrootError
from ansible_collections.labs.overlayroot.plugins.module_utils._core.state import File, Sight, State
from ansible_collections.labs.overlayroot.plugins.module_utils._core.steps import RemoveFile, WriteFile


class Exited(Exception):
    pass


class Host:
    """One file, /f; `refused` are the contents that it cannot take, `deaf` is whether it takes none."""

    def __init__(self, content=None, refused=(), deaf=False):
        self.content = content
        self.refused = refused
        self.deaf = deaf
        self.done = []

    def see(self, _sight):
        return State(files={"/f": None if self.content is None else File(self.content)})

    def do(self, step, _effect=None):
        self.done.append(step)
        content = getattr(step, "content", None)
        if content in self.refused:
            raise OverlayrootError(f"write {step.path}", "no room", "Make some")
        if not self.deaf:
            self.content = content


def wanted(params):
    if params["content"] == ["bad"]:
        raise OverlayrootError("content", "is bad\udcff", "Choose another")
    return params["content"]


def plan(seen, contents):
    """To write each of the contents in turn."""
    now = seen.files["/f"] and seen.files["/f"].content
    return () if now == contents[-1] else tuple(map(step_for, contents))


def step_for(content):
    return RemoveFile("/f") if content == "remove" else WriteFile("/f", content)


PLANNER = SimpleNamespace(
    ARGUMENTS={"content": {"type": "list", "elements": "str", "required": True}},
    RULES={},
    wanted=wanted,
    asked=lambda contents: (),
    locked=lambda contents: (),
    sight=lambda contents: Sight(),
    plan=plan,
    check_apply=lambda seen, steps: None,
    show=lambda state, contents: {"content": state.files["/f"] and state.files["/f"].content},
)


@pytest.fixture
def module(monkeypatch):
    """Runs the entry on a Host; gives what the module would print."""

    def run(host, contents, check=False, entry=_entry.run):
        out = {}

        def init(self, **_kwargs):
            self.params = {"content": contents}
            self.check_mode = check

        def leave(failed):
            def end(self, **result):
                out.update(result, failed=failed)
                raise Exited

            return end

        monkeypatch.setattr(AnsibleModule, "__init__", init)
        monkeypatch.setattr(AnsibleModule, "exit_json", leave(False))
        monkeypatch.setattr(AnsibleModule, "fail_json", leave(True))
        monkeypatch.setattr(_engine, "see", host.see)
        monkeypatch.setattr(_engine, "do", host.do)
        with pytest.raises(Exited):
            entry(PLANNER)
        json.dumps(out, ensure_ascii=False).encode("utf-8")
        return out

    return run


def fail_at(do, number):
    """`do`, which fails when it is called for the `number`-th time."""
    calls = []

    def fail(step, _effect=None):
        calls.append(step)
        if len(calls) == number:
            raise OverlayrootError(step.path, "is stuck", "Push")
        do(step)

    return fail


def signalled(do, number):
    """`do`, during which a signal comes, each time."""

    def signalled_do(step, _effect=None):
        os.kill(os.getpid(), number)
        do(step)

    return signalled_do


SHOWN = [{"step": "write_file", "path": "/f"}]


def test_a_change(module):
    host = Host("old")
    assert module(host, ["new"]) == {
        "failed": False,
        "changed": True,
        "steps": SHOWN,
        "diff": {"before": {"content": "old"}, "after": {"content": "new"}},
        "content": "new",
    }
    assert host.content == "new"


def test_check_mode_says_the_same_and_does_nothing(module):
    host = Host("old")
    assert module(host, ["new"], check=True) == module(Host("old"), ["new"])
    assert host.done == []


def test_nothing_to_do(module):
    host = Host("new")
    out = module(host, ["new"])
    assert (out["changed"], out["steps"], host.done) == (False, [], [])
    assert out["diff"] == {"before": {"content": "new"}, "after": {"content": "new"}}


def test_a_failure_is_undone(module):
    host = Host("old", refused=("third",))
    out = module(host, ["first", "second", "third"])
    assert out["failed"]
    assert out["msg"] == "write /f: no room. Make some."
    assert out["steps"] == SHOWN * 2
    assert out["undone"] == SHOWN * 2
    assert host.content == "old"


def test_a_failure_to_undo_is_told_and_the_rest_is_undone(module):
    host = Host("old", refused=("third",))
    host.do = fail_at(host.do, 4)
    out = module(host, ["first", "second", "third"])
    assert out["msg"] == "write /f: no room. Make some. Undoing failed, too: /f: is stuck. Push."
    assert len(out["undone"]) == 1
    assert host.content == "old"


def test_what_is_interrupted_is_undone(module):
    host = Host("old")
    host.do = signalled(host.do, signal.SIGINT)
    out = module(host, ["first", "second"])
    assert out["msg"] == "the change: was interrupted by SIGINT. What was done is undone; run it again."
    assert out["steps"] == out["undone"] == SHOWN
    assert host.content == "old"


def test_what_is_interrupted_when_all_is_done_is_done(module):
    host = Host("old")
    host.do = signalled(host.do, signal.SIGTERM)
    assert not module(host, ["new"])["failed"]
    assert host.content == "new"


def test_a_host_that_does_not_converge(module):
    out = module(Host("old", deaf=True), ["new"])
    assert out["msg"].startswith("the host: did not converge: write_file.")
    assert out["undone"] == SHOWN


def test_what_destroys_is_refused_before_anything_is_done(module):
    host = Host("old")
    out = module(host, ["new", "remove"])
    assert "would be destroyed" in out["msg"]
    assert host.done == []


def test_bad_input_in_words_that_json_can_hold(module):
    assert module(Host(), ["bad"])["msg"] == "content: is bad\\xff. Choose another."


def test_bytes_in_results(module):
    assert module(Host("a\udce9"), ["a\udce9"], entry=_entry.report) == {"failed": False, "content": "a\\xe9"}
    assert module(Host("old"), ["bad"], entry=_entry.report)["failed"]
