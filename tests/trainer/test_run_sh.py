"""Detached runs: started, looked at, stopped, and nothing shared by two at once."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "trainer" / "run.sh"
PATIENCE_SECONDS = 120
SMALL = "data.copies=1", "model.width=16"


class Script:
    """`run.sh`, in a folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self._environment = folder, environment

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [SCRIPT, *arguments],
            cwd=self.folder,
            env=self._environment | {"PYTHON": sys.executable, "WANDB_MODE": "offline"},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )

    def wait(self, name: str, word: str) -> str:
        """Follows a run's log by `tail` until a line begins with a word; that line."""
        command = [SCRIPT, "tail", name]
        with subprocess.Popen(
            command, cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, text=True
        ) as process:
            line = next(line for line in process.stdout if line.startswith(word))
            process.terminate()
        return line

    def pid(self, name: str) -> int:
        return int((self.folder / "runs" / name / "pid").read_text())


@pytest.fixture
def script(tmp_path: Path, environment: dict[str, str]) -> Iterator[Script]:
    script = Script(tmp_path, environment)
    yield script
    for file in tmp_path.glob("runs/*/pid"):
        if not (file.parent / "exit").exists():  # a test failed
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(file.read_text()), 9)


def test_it_is_clean_posix_shell():
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, "--shell=sh", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_two_runs_side_by_side_share_nothing_and_one_is_stopped(script: Script):
    assert script("start", "long", "train.epochs=100000", *SMALL).returncode == 0
    started = script("start", "short", "train.epochs=2", *SMALL)
    assert started.stdout.startswith(f"{script.folder}/runs/short: process ")
    told = script.wait("short", "short: ended")
    assert told.startswith("short: ended with exit code 0, epoch 2/2, best val/acc 0.")
    script.wait("long", "epoch  3/")

    running = f"long: running, process {script.pid('long')}, epoch "
    assert script("status", "long").stdout.startswith(running)
    both = script("status").stdout.splitlines()
    assert [line.partition(":")[0] for line in both] == ["long", "short"]
    assert both[1] == told.strip()

    stopped = script("stop", "long").stdout
    assert stopped.startswith("long: ended with exit code 143, epoch ")
    assert script("status", "long").stdout == stopped
    for name in ("long", "short"):
        folder = script.folder / "runs" / name
        (state,) = folder.glob("runs/*/last.pt")
        (log,) = folder.glob("wandb/offline-run-*/*.wandb")
        assert name.encode() in log.read_bytes()  # W&B's name for the run
        assert torch.load(state)["progress"]["step"] > 0
    (record,) = script.folder.glob("runs/*/wandb/offline-run-*/files/failure.json")
    assert json.loads(record.read_text())["kind"] == "preempted"


def test_a_run_that_was_killed_is_told_from_one_that_failed(script: Script):
    script("start", "bad", "train.lrr=1")
    script("start", "gone", "train.epochs=100000", *SMALL)
    assert script.wait("bad", "bad: ended") == "bad: ended with exit code 2\n"
    script.wait("gone", "epoch  1/")
    watchdog = int((script.folder / "runs" / "gone" / "watchdog").read_text())
    for pid in (watchdog, script.pid("gone")):
        os.kill(pid, 9)
    told = script("stop", "gone").stdout
    assert told.startswith("gone: gone without a word, killed from outside, epoch ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("start", "../out"), "no name for a folder"),
        (("start", "taken"), "a run keeps its folder"),
        (("stop", "nothing"), "there is no run 'nothing'"),
        (("stop",), "there is no run ''"),
        (("begin",), "trainer/run.sh start [NAME]"),
    ],
)
def test_what_cannot_be_done_is_said(script: Script, arguments: tuple[str, ...], said: str):
    (script.folder / "runs" / "taken").mkdir(parents=True)
    done = script(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert list(script.folder.glob("runs/*/*")) == []
