"""The machine that a job runs on: its folders, its environment and its log."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

MASK = "***"


class Stopped(Exception):
    """The job's time is over, or the sandbox closes."""


class Runner:
    """A fresh machine: nothing of the parent's environment but PATH, nothing of an earlier job.

    Attributes:
        env: what the workflow, the job and `GITHUB_ENV` set, by name.
        path: folders that `GITHUB_PATH` put in front of PATH.
        exit_code: of the last step that failed; 0 if none did.
        summary: Markdown from `GITHUB_STEP_SUMMARY`.
    """

    def __init__(self, folder: Path, *, secrets: Sequence[str], seconds: float) -> None:
        self.folder = folder
        self.workspace = folder / "work"
        self.temp = folder / "temp"
        self.env: dict[str, str] = {}
        self.path: list[str] = []
        self.exit_code = 0
        self.summary = ""
        self._home = folder / "home"
        for made in (self.workspace, self.temp, self._home):
            made.mkdir(parents=True)
        self._masks = {secret for secret in secrets if secret}
        self._deadline = time.monotonic() + seconds
        self._lines: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()

    @property
    def log(self) -> str:
        """Everything that was said so far, without secrets."""
        return self.mask("\n".join(self._lines))

    def say(self, line: str) -> None:
        """Write a line into the log."""
        self._lines.append(line)

    def mask(self, text: str) -> str:
        """Replace every secret in a text."""
        for secret in sorted(self._masks, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def execute(
        self,
        command: Sequence[str | Path],
        env: Mapping[str, str],
        *,
        folder: Path | None = None,
        seconds: float | None = None,
    ) -> int:
        """Run a process, with its output in the log; what it leaves running is ended.

        Args:
            command: program and arguments.
            env: variables on top of the machine's own few.
            folder: where it runs; the workspace by default.
            seconds: how long it may take; the job's limit counts too.

        Returns:
            Its exit code; 128 and the signal's number if it had to be ended, as in a shell.

        Raises:
            Stopped: the job's time is over, or the sandbox closes.
        """
        output = self.temp / "_output"
        left = self._deadline - time.monotonic()
        with output.open("wb") as file:
            self._start(command, env, folder or self.workspace, file)
            code = self._wait(left if seconds is None else min(seconds, left))
        self._read(output)
        if self._stopped.is_set() or time.monotonic() >= self._deadline:
            self.say("The job was stopped: its time is over.")
            raise Stopped
        if code:
            self.say(f"Process completed with exit code {code}.")
        return code

    def stop(self) -> None:
        """End the running process; the job is cancelled. Safe to call from another thread."""
        self._stopped.set()
        self._kill()

    def clear(self) -> None:
        """Throw the machine away."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(
        self, command: Sequence[str | Path], env: Mapping[str, str], folder: Path, output: IO[bytes]
    ) -> None:
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**self._base(), **env},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        if self._stopped.is_set():
            self._kill()

    def _base(self) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([*self.path, os.environ.get("PATH", os.defpath)]),
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
        }

    def _wait(self, seconds: float) -> int:
        assert self._process is not None
        try:
            code = self._process.wait(max(seconds, 0))
        except subprocess.TimeoutExpired:
            self.say(f"It took longer than {seconds:.0f} seconds and was ended.")
            self._kill()
            code = self._process.wait()
        self._kill()
        return code if code >= 0 else 128 - code

    def _kill(self) -> None:
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    def _read(self, output: Path) -> None:
        for line in output.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("::add-mask::"):
                self._masks.add(line.removeprefix("::add-mask::"))
            else:
                self._lines.append(line)
