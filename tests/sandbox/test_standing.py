"""The standing sandbox: what docs/sandbox.md says about it is run as it stands there."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import github
import pytest
from github.Repository import Repository

from bot.errors import UserError
from bot.sandbox.serve import reserve
from bot.sandbox.standing import parse
from tests.sandbox.processes import children, lives

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sandbox.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
LAST = "export SANDBOX_URL="
COMMANDS = {"python": [sys.executable, "-c"], "sh": ["bash", "-euc"]}
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that stands, the variables that it told, and a folder for programs."""

    variables: dict[str, str]
    folder: Path

    def run(self, language: str, text: str) -> str:
        """Run a block of the page as somebody who has pasted the variables; what it prints."""
        done = subprocess.run(
            [*COMMANDS[language], text],
            cwd=self.folder,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def repository(self) -> Repository:
        hub = github.Github(
            auth=github.Auth.Token(self.variables["GITHUB_TOKEN"]),
            base_url=self.variables["GITHUB_API_URL"],
            retry=None,
        )
        return hub.get_repo(self.variables["GITHUB_REPOSITORY"])

    def project(self, name: str) -> Any:
        """What W&B says about a project."""
        key = base64.b64encode(f"api:{self.variables['WANDB_API_KEY']}".encode()).decode()
        query = "query ($name: String!) { project(name: $name) { name } }"
        request = urllib.request.Request(
            f"{self.variables['WANDB_BASE_URL']}/graphql",
            json.dumps({"query": query, "variables": {"name": name}}).encode(),
            {"Authorization": f"Basic {key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)["data"]["project"]


def start(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "bot", "sandbox", *options]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)


def told(process: subprocess.Popen[str]) -> str:
    """What it prints until it is ready."""
    assert process.stdout
    text = ""
    while LAST not in text:
        line = process.stdout.readline()
        assert line, f"it ended after {text!r}"
        text += line
    return text


def variables(text: str, folder: Path) -> dict[str, str]:
    """What a shell has set once it has read the text."""
    command = ["sh", "-c", text + "env"]
    clean = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(command, env=clean, capture_output=True, text=True, check=True)
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One with files of its own, whose Claude has the page's script."""
    folder = tmp_path_factory.mktemp("standing")
    (folder / "files").mkdir()
    (folder / "files" / "hello.txt").write_text("Hello\n")
    (folder / "script.json").write_text(next(text for kind, text in BLOCKS if kind == "json"))
    files, script = str(folder / "files"), str(folder / "script.json")
    options = ("--files", files, "--repository", "you/yours", "--script", script)
    with start("--port", "0", *options) as process:
        try:
            quiet = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
            yield Sandbox({**variables(told(process), folder), **quiet}, folder)
        finally:
            process.terminate()


def test_page_holds_from_top_to_bottom(sandbox: Sandbox) -> None:
    hub, wandb, claude, fault, reset = (block for block in BLOCKS if block[0] in COMMANDS)
    server = sandbox.variables["GITHUB_SERVER_URL"]
    assert sandbox.run(*hub) == f"{server}/you/yours/issues/1"
    assert sandbox.run(*wandb) == "0.5"
    assert sandbox.run(*claude) == "I look."
    sandbox.run(*fault)
    assert (sandbox.folder / "mine" / "hello.txt").read_text() == "Hello\n"
    with pytest.raises(github.GithubException) as refused:
        sandbox.repository().create_issue("Did it happen?")
    assert refused.value.status == 502
    titles = [issue.title for issue in sandbox.repository().get_issues()]
    assert titles == ["Did it happen?", "It works"]
    assert sandbox.project("mine") == {"name": "mine"}
    sandbox.run(*reset)
    assert list(sandbox.repository().get_issues()) == []
    assert sandbox.project("mine") is None


def test_reset_brings_files_and_numbers_back(sandbox: Sandbox) -> None:
    home = sandbox.repository()
    home.create_issue("One")
    home.create_file("new.txt", "A new file", "New")
    url = f"{sandbox.variables['SANDBOX_URL']}/reset"
    urllib.request.urlopen(urllib.request.Request(url, method="POST")).close()
    contents = home.get_contents("")
    assert isinstance(contents, list)
    assert [file.path for file in contents] == ["hello.txt"]
    assert home.create_issue("One").number == 1


def test_task_without_a_scenario_is_answered(sandbox: Sandbox) -> None:
    claude = next(text for _, text in BLOCKS if "anthropic" in text)
    answer = sandbox.run("python", claude.replace("France", "Spain"))
    assert "the sandbox's Claude" in answer


def test_port_is_kept_and_everything_ends_with_it(tmp_path: Path) -> None:
    port = free_ports()
    seen = []
    for ending in (signal.SIGINT, signal.SIGTERM):
        with start("--port", port) as process:
            seen.append(told(process))
            second = start("--port", port)
            assert "is taken" in second.communicate(timeout=PATIENCE_SECONDS)[1]
            assert second.returncode == 2
            home = Sandbox(variables(seen[-1], tmp_path), tmp_path).repository()
            home.create_issue("An event for Actions")
            assert home.get_contents("README.md")
            started = children(process.pid)
            process.send_signal(ending)
            assert process.wait(PATIENCE_SECONDS) == 0
            assert started  # git, that reads; node, as soon as Actions has looked at the event
            while any(map(lives, started)):
                time.sleep(0.01)
    assert seen[0] == seen[1]
    assert f"127.0.0.1:{port}/api/v3" in seen[0]


def free_ports() -> str:
    """The first of four ports in a row that are free."""
    while True:
        bound, url = reserve()
        first = int(url.rpartition(":")[2])
        row = [bound]
        try:
            row += [reserve(first + number)[0] for number in range(1, 4)]
        except (OSError, OverflowError):
            continue
        finally:
            for each in row:
                each.close()
        return str(first)


@pytest.mark.parametrize(
    ("option", "content", "problem"),
    [
        ("--files", "", "is no folder"),
        ("--script", "{", "is no list of scenarios"),
        ("--script", '[{"when": "x"}]', "'turns'"),
    ],
)
def test_wrong_option_is_named(tmp_path: Path, option: str, content: str, problem: str) -> None:
    path = tmp_path / "given"
    path.write_text(content)
    with pytest.raises(UserError, match=f"{option}.*{problem}"):
        parse([option, str(path)])
