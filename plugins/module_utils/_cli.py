# Copyright (c) 2026 labs.overlayroot contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command overlayrootctl: the one place that knows argparse.

It shows what modules return, and does what they do: a command is a planner, what its arguments are
to that planner, and how the result is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import textwrap
from importlib import import_module
from typing import NamedTuple

from . import _engine, _terminal
from ._core.errors import OverlayrootError
from ._host.names import from_os


class _Later:
    """A module that is imported when something of it is asked for: a command needs few of them, and each takes its time."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, attribute):
        return getattr(import_module(self.name, __package__), attribute)


check = _Later("._lines.check")
checksum_lines = _Later("._lines.checksums")
commit = _Later("._lines.commit")
convert = _Later("._lines.convert")
diff = _Later("._lines.diff")
discard_session = _Later("._lines.discard_session")
done = _Later("._lines.done")
exit_root = _Later("._lines.exit_root")
fold = _Later("._lines.fold")
generations = _Later("._lines.generations")
keep_awake = _Later("._lines.keep_awake")
prune = _Later("._lines.prune")
reset = _Later("._lines.reset")
save = _Later("._lines.save")
status = _Later("._lines.status")
subhost = _Later("._lines.subhost")
initrd_lines = _Later("._lines.mkinitrd")
checking = _Later("._plan.check")
checksums = _Later("._plan.checksums")
converting = _Later("._plan.convert")
leaving = _Later("._plan.exit_root")
folding = _Later("._plan.fold")
keeping_awake = _Later("._plan.keep_awake")
listing = _Later("._plan.generations")
mkinitrd = _Later("._plan.mkinitrd")
pivot_save = _Later("._plan.pivot_save")
pruning = _Later("._plan.prune")
saving = _Later("._plan.save")
subhosting = _Later("._plan.subhost")
subhost_info = _Later("._plan.subhost_info")
union_commit = _Later("._plan.union_commit")
union_diff = _Later("._plan.union_diff")
union_info = _Later("._plan.union_info")
union_reset = _Later("._plan.union_reset")
subhost_command = _Later("._subhost.command")

NAME = "overlayrootctl"
DESCRIPTION = "Look at the unions of this host, and change what becomes of them."

MANUAL = """\
The command shows what the modules of the Ansible collection labs.overlayroot show, and does what they do. Commands \
that change something take back what they did when a step fails, or when they are interrupted.

A byte of a name that is not UTF-8 is shown as \\xNN, and is understood when it is given so. A character that a \
terminal would obey is shown as Python writes it, such as \\n."""

DONE, PROBLEM, REFUSED = 0, 1, 3
EXITS = {
    DONE: "done, or nothing to do; nothing is wrong",
    PROBLEM: "status or check found that something is wrong",
    2: "the arguments are wrong",
    REFUSED: "refused, or failed and undone; standard error says why",
}


def main():
    arguments = parser(sys.argv[1:2]).parse_args()
    command = COMMANDS[arguments.command]
    try:
        result = command.act(command.planner, _params(command, arguments), arguments)
        _terminal.show(_json(result) if arguments.json else _lines(command, result, arguments))
    except _engine.FAILURES as error:
        return _fail(_engine.failure(error), arguments)
    return PROBLEM if command.finds_problems and command.lines.is_problem(result) else DONE


class Command(NamedTuple):
    help: str  # one line; the description begins with it
    description: str
    example: str
    planner: object
    act: object  # of the planner, its params and the arguments: what a module would return
    lines: object  # the module that makes them of a result
    arguments: object = lambda parser: None  # adds what the command takes
    params: object = lambda arguments: {}  # of the planner, those that are not its defaults
    changes: bool = False  # the host
    finds_problems: bool = False  # its lines tell whether a result is one


def parser(names=None):
    """With the arguments of the commands `names`, or of all."""
    exits = "".join(f"  {code}  {meaning}\n" for code, meaning in EXITS.items())
    made = argparse.ArgumentParser(
        prog=NAME,
        description=DESCRIPTION,
        epilog=f"exit codes:\n{exits}\n{NAME} COMMAND --help says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        one = commands.add_parser(
            name,
            help=command.help,
            description=textwrap.fill(f"{command.help}. {command.description}", 78),
            epilog=f"example:\n  {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if names is None or name in names:
            command.arguments(one)
        if command.changes:
            one.add_argument("--check", action="store_true", help="only say what would be done")
        one.add_argument("--json", action="store_true", help="print what the module returns")
    return made


def _params(command, arguments):
    defaults = {name: argument.get("default") for name, argument in command.planner.ARGUMENTS.items()}
    return {**defaults, **command.params(arguments)}


def _fail(failure, arguments):
    who = [] if os.geteuid() == 0 else ["this was not run by root"]
    for line in (failure["msg"], *done.lines("undone", failure.get("undone", ())), *who):
        _terminal.complain(f"{NAME}: {line}")
    if arguments.json:
        with contextlib.suppress(OverlayrootError):  # it was said above, if that is what failed
            _terminal.show(_json({"failed": True, **failure}))
    return REFUSED


def _lines(command, result, arguments):
    if command.changes:
        yield from done.lines("to be done" if arguments.check else "done", result.get("steps", ()))
    yield from command.lines.lines(result)


def _json(result):
    return json.dumps(result, indent=2).split("\n")


def _path(given):
    try:
        return from_os(os.path.abspath(given))
    except FileNotFoundError:
        raise argparse.ArgumentTypeError(f"{given}: the current folder is gone") from None


def _paths(given):
    return list(map(_path, given.split(":")))


def _diff_arguments(parser):
    limit = union_diff.ARGUMENTS["limit"]["default"]
    new = parser.add_mutually_exclusive_group()
    new.add_argument("path", nargs="?", type=_path, metavar="PATH", help="where it is mounted (/)")
    new.add_argument("--generation", type=int, metavar="N", help="show what the topmost layer of this generation changes")
    new.add_argument("--layer", metavar="NAME", help="show what this saved layer changes")
    parser.add_argument(
        "--since", type=int, metavar="N", help="compare the generation with this one instead; 0 is the bare base"
    )
    parser.add_argument(
        "--text",
        action="append",
        type=from_os,
        default=[],
        metavar="FILE",
        help="show how this file was changed, by its path in the union; can be repeated",
    )
    parser.add_argument("--limit", type=int, default=limit, metavar="N", help="list at most N changes (%(default)s)")


def _diff_params(arguments):
    asked = _of(arguments, "path", "generation", "layer", "since", "text", "limit")
    return {**asked, "path": asked["path"] or (None if asked["generation"] is not None or asked["layer"] else "/")}


def _save_arguments(parser):
    parser.add_argument("id", metavar="NAME", help="what the layer is to be called")
    parser.add_argument("--label", default="", metavar="TEXT", help="what the layer is about, for those who list it")
    parser.add_argument("--drop-acls", action="store_true", help="leave out access lists, where the store cannot hold them")
    modes = saving.ARGUMENTS["mode"]
    parser.add_argument(
        "--mode",
        choices=modes["choices"],
        default=modes["default"],
        help="have it be a layer at once, with the next boot, or at once where that can be (%(default)s)",
    )
    parser.add_argument("--session", action="store_true", help="have it be one of those that fold makes one layer")
    parser.add_argument("--upper", type=_path, metavar="PATH", help="save the upper of another union, into a store of its own")
    _store_argument(parser)


def _store_argument(parser):
    parser.add_argument("--store", type=_path, metavar="PATH", help="the store of another union, on the data file system")


def _save_params(arguments):
    return _of(arguments, "id", "label", "drop_acls", "mode", "session", "upper", "store")


def _of(arguments, *names):
    return {name: getattr(arguments, name) for name in names}


def _discard_arguments(parser):
    parser.add_argument("--withdraw", action="store_true", help="have the session saved after all")


def _reset_arguments(parser):
    parser.add_argument("path", nargs="?", type=_path, default="/", metavar="PATH", help="where it is mounted (/)")
    parser.add_argument(
        "--keep", action="append", type=_path, default=[], metavar="PATH", help="what is to be kept; can be repeated"
    )
    methods = union_reset.ARGUMENTS["method"]
    parser.add_argument(
        "--method",
        choices=methods["choices"],
        default=methods["default"],
        help="throw away what was written, keep it as a generation or folder of its own, or make a new file system (%(default)s)",
    )
    parser.add_argument("--id", metavar="NAME", help="what a snapshot is to be called")
    parser.add_argument("--discard-saved", action="store_true", help="a new file system may take the place of all that is saved")
    parser.add_argument("--withdraw", action="store_true", help="do not reset the root, nor roll it back, at the next boot")


def _reset_params(arguments):
    when = "next_boot" if arguments.path == "/" else "now"
    return {
        "path": arguments.path,
        "when": "never" if arguments.withdraw else when,
        "method": arguments.method,
        "id": arguments.id,
        "discard_saved": arguments.discard_saved,
        "keep": arguments.keep,
    }


def _rollback_arguments(parser):
    parser.add_argument(
        "generation", nargs="?", default="previous", metavar="GENERATION", help="its number; the one before where none is named"
    )


def _convert_arguments(parser):
    parser.add_argument("source", type=_path, metavar="SOURCE", help="the folder that is there")
    parser.add_argument("path", type=_path, metavar="TARGET", help="the new one, on the same file system")
    parser.add_argument("--from", dest="old", choices=converting.FORMATS, required=True, help="the backend that has written the source")
    parser.add_argument("--to", dest="new", choices=converting.FORMATS, required=True, help="the one that is to read the target")
    parser.add_argument(
        "--below", type=_paths, default=[], metavar="PATHS", help="the layers that the source lies on, the topmost first, with colons between"
    )


def _convert_params(arguments):
    return {name: getattr(arguments, name) for name in converting.ARGUMENTS}


def _keep_awake_arguments(parser):
    parser.add_argument("pid", type=int, metavar="PROCESS", help="its number")


def _commit_arguments(parser):
    spec = union_commit.ARGUMENTS
    parser.add_argument("target", nargs="?", type=_path, metavar="TARGET", help="the new image or folder")
    parser.add_argument("--store", metavar="NAME", help="make the image what a new generation of the store stands on")
    parser.add_argument(
        "--source",
        action="append",
        type=_path,
        metavar="PATH",
        help="where the union is mounted (/), or a layer; repeated for layers, the topmost first",
    )
    parser.add_argument("--without-upper", action="store_true", help="commit only what is below the upper")
    parser.add_argument(
        "--format", choices=spec["format"]["choices"], default=spec["format"]["default"], help="what to make (%(default)s)"
    )
    parser.add_argument(
        "--compression",
        choices=spec["compression"]["choices"],
        default=spec["compression"]["default"],
        help="of a squashfs (%(default)s)",
    )
    parser.add_argument("--drop-acls", action="store_true", help="leave out access lists, which a squashfs cannot hold")
    parser.add_argument("--replace", action="store_true", help="replace another tree at the target")
    parser.add_argument("--discard-old", action="store_true", help="keep nothing of what is replaced")
    parser.add_argument("--rehearse", action="store_true", help="only report the sizes")


def _commit_params(arguments):
    return {
        "source": arguments.source or ["/"],
        "upper": not arguments.without_upper,
        "target": arguments.target,
        "store": arguments.store,
        "format": arguments.format,
        "compression": arguments.compression,
        "drop_acls": arguments.drop_acls,
        "replace": arguments.replace,
        "keep_old": not arguments.discard_old,
        "state": "rehearsed" if arguments.rehearse else "committed",
    }


def _prune_arguments(parser):
    _kept_arguments(parser)
    parser.add_argument("--size", type=int, metavar="BYTES", help="keep no more than these in layers")


def _kept_arguments(parser):
    parser.add_argument("--keep", type=int, metavar="N", help="keep at most N generations")
    parser.add_argument("--before", metavar="TIME", help="give up those that were saved before, as 2026-11-21T08:00:00Z")


def _prune_params(arguments):
    params = {"keep": arguments.keep, "before": arguments.before, "size": arguments.size}
    if set(params.values()) == {None}:
        raise OverlayrootError("prune", "has to be told what to keep", "Give --keep, --before or --size")
    return params


def _mkinitrd_arguments(parser):
    spec = mkinitrd.ARGUMENTS
    parser.add_argument("path", type=_path, metavar="FILE", help="the image")
    parser.add_argument("--kernel", default=spec["kernel"]["default"], metavar="RELEASE", help="for which kernel (the one that runs)")
    for name, what in (("modules", "the folder of the modules of all kernels"), ("busybox", "a static busybox"), ("scripts", "the folder of the boot library")):
        parser.add_argument(f"--{name}", type=_path, default=spec[name]["default"], metavar="PATH", help=f"{what} (%(default)s)")


def _mkinitrd_params(arguments):
    return {name: getattr(arguments, name) for name in mkinitrd.ARGUMENTS}


def _check_arguments(parser):
    parser.add_argument("--repair", action="store_true", help="end what can be ended without losing what was saved")
    _store_argument(parser)


_STATES = {
    "boot": "started", "stop": "stopped", "restart": "restarted", "save": "saved", "reset": "reset", "rollback": "reset", "prune": "pruned",
}  # fmt: skip


def _subhost_arguments(parser):
    parser.add_argument(
        "verb", choices=(*_STATES, "go", "run", "list", "diff", "generations"), help="what to do: docs/subhosts.md says more"
    )
    parser.add_argument("subhost", nargs="?", metavar="SUBHOST", help="its configuration; the name of one that runs will do")
    parser.add_argument(
        "argv", nargs="*", metavar="WORD", help="the command to run, after --; the name of the layer to save; the generation to roll back to"
    )
    parser.add_argument("--label", default="", metavar="TEXT", help="what a saved layer is about")
    _kept_arguments(parser)
    parser.add_argument("--commands", action="store_true", help="its configuration may give values by commands")
    parser.add_argument("--bridges", action="store_true", help="make the bridges that are not there")


def _subhost(planner, params, arguments):
    if arguments.verb == "list":
        return _engine.report(subhost_info, {"name": arguments.subhost})
    if not arguments.subhost:
        raise OverlayrootError(f"subhost {arguments.verb}", "has to be told which one", "Name its configuration")
    if arguments.verb in ("go", "run"):
        raise SystemExit(subhost_command.run(arguments.subhost, arguments.argv if arguments.verb == "run" else ["/bin/sh", "-i"]))
    config = subhost_command.config(arguments.subhost)
    given = {**params, "config": config, "commands": arguments.commands, "bridges": arguments.bridges}
    if arguments.verb in _STATES:
        given.update(_session_params(arguments), state=_STATES[arguments.verb])
        return _engine.change(planner, given, arguments.check, _terminal.watched)
    found = _engine.report(planner, given)["subhost"]
    return _session_diff(found) if arguments.verb == "diff" else {**found, "current": found["generation"]}


def _session_params(arguments):
    if arguments.verb == "prune":
        return _of(arguments, "keep", "before")
    if arguments.verb not in ("save", "rollback"):
        return {}
    if len(arguments.argv) != 1:
        raise OverlayrootError(f"subhost {arguments.verb}", "has to be told one thing more", "Name the layer, or the generation")
    if arguments.verb == "save":
        return {"id": arguments.argv[0], "label": arguments.label}
    if not arguments.argv[0].isdecimal():
        raise OverlayrootError(f"generation {arguments.argv[0]}", "is no number", "Give its number")
    return {"generation": int(arguments.argv[0])}


def _session_diff(found):
    defaults = {name: argument.get("default") for name, argument in union_diff.ARGUMENTS.items()}
    return _engine.compare(union_diff, {**defaults, "upper": found["upper"], "lower": found["lowers"]})


def _commit(planner, params, arguments):
    return _engine.commit(planner, params, arguments.check, _terminal.watched)


def _change(planner, params, arguments):
    return _engine.change(planner, params, arguments.check, _terminal.watched)


COMMANDS = {
    "status": Command(
        help="Show whether the root is protected, and every union",
        description="What only root may read is left out for others.",
        example="overlayrootctl status",
        planner=union_info,
        act=lambda planner, params, arguments: _engine.report(planner, params, in_part=True),
        lines=status,
        finds_problems=True,
    ),
    "diff": Command(
        help="Show what the upper of a union changes, a saved layer, or a generation",
        description="A file that was written to and is as before does not count. Needs root.",
        example="overlayrootctl diff --generation 3 --since 1 --text /etc/fstab",
        planner=union_diff,
        act=lambda planner, params, arguments: _engine.compare(planner, params),
        lines=diff,
        arguments=_diff_arguments,
        params=_diff_params,
    ),
    "save": Command(
        help="Make the upper of the root a layer, and a generation with it",
        description="An upper in RAM is copied at once, one on the disk is saved by the next boot. Needs root.",
        example="overlayrootctl save course --label 'All of the course'",
        planner=saving,
        act=_change,
        changes=True,
        lines=save,
        arguments=_save_arguments,
        params=_save_params,
    ),
    "discard-session": Command(
        help="Have nothing saved when the host goes down next",
        description="Of a host with the persistence session. Needs root.",
        example="overlayrootctl discard-session && reboot",
        planner=pivot_save,
        act=_change,
        changes=True,
        lines=discard_session,
        arguments=_discard_arguments,
        params=lambda arguments: {"state": "armed" if arguments.withdraw else "disarmed"},
    ),
    "reset": Command(
        help="Give a union a new upper",
        description=(
            "What was written since is thrown away, unless a method says otherwise. The root gets it at the next boot, and with it every union that was "
            "booted; another union gets it at once, and must not be in use. Needs root."
        ),
        example="overlayrootctl reset && reboot",
        planner=union_reset,
        act=_change,
        changes=True,
        lines=reset,
        arguments=_reset_arguments,
        params=_reset_params,
    ),
    "rollback": Command(
        help="Go to another generation at the next boot",
        description="The root gets a new upper over it. Needs root.",
        example="overlayrootctl rollback 2 && reboot",
        planner=union_reset,
        act=_change,
        changes=True,
        lines=reset,
        arguments=_rollback_arguments,
        params=lambda arguments: {"when": "next_boot", "generation": arguments.generation},
    ),
    "generations": Command(
        help="List the generations of the store",
        description="With what was noted about the newest layer of each. Needs root.",
        example="overlayrootctl generations",
        planner=listing,
        act=lambda planner, params, arguments: _engine.report(planner, params),
        lines=generations,
        arguments=_store_argument,
        params=lambda arguments: _of(arguments, "store"),
    ),
    "prune": Command(
        help="Give up old generations, and the layers that no other one needs",
        description="The oldest first, never one that is booted now or next, nor the newest. Needs root.",
        example="overlayrootctl prune --keep 5",
        planner=pruning,
        act=_change,
        changes=True,
        lines=prune,
        arguments=_prune_arguments,
        params=_prune_params,
    ),
    "commit": Command(
        help="Make an image or a folder of what is seen through layers",
        description="It is compared with its source before it takes its place. With --store the host boots from it. Needs root.",
        example="overlayrootctl commit /srv/images/course.squashfs --source /srv/course",
        planner=union_commit,
        act=_commit,
        changes=True,
        lines=commit,
        arguments=_commit_arguments,
        params=_commit_params,
    ),
    "fold": Command(
        help="Make one layer of the sessions on top of the generation that is booted by default",
        description="It shows what they did. A host does this itself when it goes down, after it has saved a session. Needs root.",
        example="overlayrootctl fold",
        planner=folding,
        act=_change,
        changes=True,
        lines=fold,
        arguments=_store_argument,
        params=lambda arguments: _of(arguments, "store"),
    ),
    "exit-root": Command(
        help="Make ready the root that a host is left for when it goes down",
        description="For the scripts that halt a host with the persistence session. Needs root.",
        example="overlayrootctl exit-root",
        planner=leaving,
        act=_change,
        changes=True,
        lines=exit_root,
    ),
    "convert": Command(
        help="Make a layer or an upper readable for another backend",
        description="For the boot hook, which has the base do it where a host changes its backend. Needs root.",
        example="overlayrootctl convert --from overlay --to aufs /srv/layer /srv/layer.aufs",
        planner=converting,
        act=_change,
        changes=True,
        lines=convert,
        arguments=_convert_arguments,
        params=_convert_params,
    ),
    "keep-awake": Command(
        help="Have a program that serves the root go on when it is asked for something, whoever has stopped it",
        description="For the boot hook, where the backend is unionfs_fuse and the init system none that leaves the root first. Needs root.",
        example="overlayrootctl keep-awake 137",
        planner=keeping_awake,
        act=_change,
        changes=True,
        lines=keep_awake,
        arguments=_keep_awake_arguments,
        params=lambda arguments: _of(arguments, "pid"),
    ),
    "mkinitrd": Command(
        help="Make an initramfs of busybox and kernel modules",
        description=(
            "For hosts that have no tool for it, and for those that boot from a network. It mounts the root, and makes it a union where the host "
            "is to have one."
        ),
        example="overlayrootctl mkinitrd /srv/tftp/initrd.img --kernel 6.12.0-1-amd64",
        planner=mkinitrd,
        act=_change,
        changes=True,
        lines=initrd_lines,
        arguments=_mkinitrd_arguments,
        params=_mkinitrd_params,
    ),
    "subhost": Command(
        help="Start, stop, list and enter subhosts",
        description="Those who know overlay-boot know their configurations, which are parsed and not given to a shell. Needs root.",
        example="overlayrootctl subhost boot /opt/subhost/tiny/tiny.conf",
        planner=subhosting,
        act=_subhost,
        changes=True,
        lines=subhost,
        arguments=_subhost_arguments,
    ),
    "check": Command(
        help="Look for what is wrong with the store",
        description="Every layer is read and compared with its checksum. Needs root.",
        example="overlayrootctl check --repair",
        planner=checking,
        act=_change,
        changes=True,
        lines=check,
        finds_problems=True,
        arguments=_check_arguments,
        params=lambda arguments: _of(arguments, "repair", "store"),
    ),
    "checksums": Command(
        help="Note the checksums of layers that have none yet",
        description="A host that has booted does this itself for what was made while it booted, or went down before. Needs root.",
        example="overlayrootctl checksums",
        planner=checksums,
        act=lambda planner, params, arguments: _engine.note_checksums(planner, params, arguments.check),
        changes=True,
        lines=checksum_lines,
        arguments=_store_argument,
        params=lambda arguments: _of(arguments, "store"),
    ),
}
