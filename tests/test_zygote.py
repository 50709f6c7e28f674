"""A job that the zygote forks is the process that `python -P -m bot` starts."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from bot.sandbox.github import Delivery
from tests.faults.agent import PATIENCE_SECONDS
from tests.faults.chapters import CHAPTERS, play
from tests.faults.ending import state
from tests.faults.stage import Stage, stage
from tests.zygote import PROJECT, Zygote

pytestmark = pytest.mark.slow


class Fresh:
    """Starts what the zygote forks, as `action.yml` does."""

    def start(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        log: Path,
        module: str = "bot",
    ) -> subprocess.Popen[bytes]:
        with log.open("a") as out:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments],
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "NAME": "value",
        "PYTHONPATH": str(PROJECT),
        "TMPDIR": str(tmp_path),
    }


def ran(starter: Zygote | Fresh, folder: Path, environment: Mapping[str, str], *words: str) -> str:
    """Run a module with arguments; return its log, with the exit code."""
    module, *arguments = words
    log = folder / "log"
    log.unlink(missing_ok=True)
    job = starter.start(arguments, cwd=folder, env=environment, log=log, module=module)
    code = job.wait(PATIENCE_SECONDS)
    return f"{log.read_text()}\nexit code {code}"


def test_finds_itself_in_the_same_process(
    zygote: Zygote, environment: dict[str, str], tmp_path: Path
) -> None:
    ended = [
        ran(starter, tmp_path, environment, "tests.witness", "a", "b c")
        for starter in (Fresh(), zygote, zygote)
    ]
    same = [re.sub(r"0\.\d+", "RANDOM", text) for text in ended]
    assert same[0] == same[1] == same[2]
    assert len(set(ended)) == len(ended)  # random numbers differ
    assert json.dumps(environment)[1:-1] in ended[0]
    assert ended[0].endswith("exit code 3")


@pytest.mark.parametrize("words", [("--help",), ("nonsense",), ("event",)])
def test_says_the_same(
    words: tuple[str, ...], zygote: Zygote, environment: dict[str, str], tmp_path: Path
) -> None:
    fresh, forked = (
        ran(starter, tmp_path, environment, "bot", *words) for starter in (Fresh(), zygote)
    )
    assert fresh == forked


def test_does_the_same(zygote: Zygote, tmp_path: Path) -> None:
    with stage(tmp_path, zygote) as at:
        chapter = CHAPTERS["launch"]
        play(at, chapter.before)
        (asked,) = chapter.beats[0](at)
        at.keep()
        forked, fresh = (_launched(at, asked, starter) for starter in (zygote, Fresh()))
    assert "mutation pushToRunQueueByName" in forked["writes"]
    assert forked == fresh


def _launched(at: Stage, asked: Delivery, starter: Zygote | Fresh) -> dict[str, object]:
    at.restore()
    at.faults.reset()
    at.starter = starter
    at.answer(asked)
    log = max(at.root.glob("job-*/log"), key=lambda path: path.stat().st_mtime_ns).read_text()
    return {
        "state": state(at),
        "queued": at.agent.take(),
        "writes": {re.sub(r"(/(?:files|storage)/).*", r"\1", write) for write in at.faults.writes},
        "log": log,
    }
