"""What GitHub refuses of a push: asked before git sees it, and told in GitHub's words."""

import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.sandbox.github import guards
from bot.sandbox.github.auth import grants
from bot.sandbox.github.call import Call
from bot.sandbox.github.moving import against_workflows

FLUSH = b"0000"
DATA_BAND = b"\1"
GIT_SAYS = b"hook declined"


@dataclass(frozen=True)
class Refusal:
    """Why a ref may not move: what stands behind `[remote rejected]`, and what is told before."""

    reason: str
    told: str = ""


def refusals(call: Call) -> dict[str, Refusal]:
    """What GitHub refuses of a push, by ref; everything else of it happens."""
    repository, actor, found = call.repository, call.actor, dict[str, Refusal]()
    commands, pack = _commands(call.body)
    branches = {ref.removeprefix(guards.BRANCHES) for _, _, ref in commands}
    trusted = grants(actor, repository, "write", "workflows")
    welcome = all(guards.may_push(actor, repository, branch) for branch in branches)
    if trusted and welcome and not branches & set(repository.protections):
        return found
    if pack:
        try:
            repository.git.run("index-pack", "--stdin", "--fix-thin", stdin=pack)
        except subprocess.CalledProcessError:
            return found  # git refuses it, too
    for before, after, ref in commands:
        against = guards.against_move(repository, actor, ref, before, after)
        if not guards.may_push(actor, repository, ref.removeprefix(guards.BRANCHES)):
            found[ref] = Refusal("permission denied")
        elif reason := against_workflows(repository, actor, before, after):
            found[ref] = Refusal(reason)
        elif against:
            told = f"error: GH006: Protected branch update failed for {ref}.\n\n"
            told += "".join(f"- {text}\n\n" for text in against)
            found[ref] = Refusal("protected branch hook declined", told)
    return found


@contextmanager
def hooks(refused: Mapping[str, Refusal]) -> Iterator[dict[str, str]]:
    """An environment in which git refuses these refs."""
    if not refused:
        yield {}
        return
    cases = [
        f"{shlex.quote(ref)}) printf '%s' {shlex.quote(refusal.told)} >&2; exit 1;;"
        for ref, refusal in refused.items()
    ]
    with TemporaryDirectory() as folder:
        hook = Path(folder, "update")
        hook.write_text("\n".join(["#!/bin/sh", 'case "$1" in', *cases, "esac\n"]))
        hook.chmod(0o755)
        settings = {"KEY_0": "core.hooksPath", "VALUE_0": folder, "COUNT": "1"}
        yield {f"GIT_CONFIG_{name}": value for name, value in settings.items()}


def reworded(report: bytes, refused: Mapping[str, Refusal]) -> bytes:
    """Git's report of a push, with GitHub's reasons instead of git's own."""
    if not refused:
        return report
    out = []
    for line in _lines(report):
        told = line
        if line[:1] == DATA_BAND:
            told = DATA_BAND + reworded(line[1:], refused)
        elif line.startswith(b"ng "):
            ref = line.split()[1].decode()
            reason = refused[ref].reason.encode() if ref in refused else GIT_SAYS
            told = line.replace(GIT_SAYS, reason)
        out.append(b"%04x%s" % (len(told) + 4, told) if line else FLUSH)
    return b"".join(out)


def _commands(body: bytes) -> tuple[list[tuple[str, str, str]], bytes]:
    """The moves that a push asks for, as (before, after, ref), and the pack behind them."""
    found, size = [], 0
    for line in _lines(body):
        if not line:
            break
        size += len(line) + 4
        before, after, ref = line.partition(b"\0")[0].decode().split()
        found.append((before, after, ref))
    pack = body[size + len(FLUSH) :]
    return found, pack


def _lines(data: bytes) -> Iterator[bytes]:
    """The lines of git's wire format; an empty one where it flushes."""
    while data:
        size = max(int(data[:4], 16), 4)
        yield data[4:size]
        data = data[size:]
