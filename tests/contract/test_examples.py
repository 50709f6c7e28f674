"""GitHub's own examples of every webhook, each given to the bot as a job gets it."""

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import github as sandbox
from bot.sandbox.demo.people import Person
from bot.sandbox.serve import reserve, serve
from bot.sandbox.wandb import Wandb
from tests.faults.stage import FILES, job_environment
from tests.zygote import Job, Zygote

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / ".cache" / "judges" / "examples.json"
HOME = "Codertocat/Hello-World"  # where most of the examples happened
BOT = "github-actions[bot]"
LET_PASS = r"INFO bot: nothing to do: .+\n|INFO bot.router: the comment is no command of ours\n"
AT_ONCE = 8
PATIENCE_SECONDS = 60


@dataclass
class House:
    """GitHub and W&B, with the people of the examples, and a place where jobs run."""

    github: sandbox.GitHub
    wandb: Wandb
    root: Path
    zygote: Zygote
    jobs: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def start(self, event: str, payload: dict[str, Any]) -> tuple[Job, Path]:
        """Start the job of an event; its log comes with it."""
        number = next(self.jobs)
        folder = self.root / f"job-{number}"
        folder.mkdir()
        (folder / "event.json").write_text(json.dumps(payload))
        environment = job_environment(self.github, self.wandb, HOME, folder, number, event)
        log = folder / "log"
        return self.zygote.start(["event"], cwd=folder, env=environment, log=log), log

    def run(self, event: str, payload: dict[str, Any]) -> str:
        """Run the job of an event to its good end; return what it printed."""
        job, log = self.start(event, payload)
        assert job.wait(PATIENCE_SECONDS) == 0, log.read_text()
        return log.read_text()

    def branches(self) -> dict[str, str]:
        """Every branch and tag, and where it points."""
        return dict(self.github.repository(HOME).git.refs)


@pytest.fixture(scope="module")
def examples() -> list[tuple[str, dict[str, Any]]]:
    assert EXAMPLES.exists(), "`make judges` fetches GitHub's examples"
    known = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return [(event["name"], payload) for event in known for payload in event["examples"]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, zygote: Zygote) -> Iterator[House]:
    root = tmp_path_factory.mktemp("examples")
    for path, text in FILES.items():
        (root / "files" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "files" / path).write_text(text)
    with ExitStack() as stack:
        ports = [reserve() for _ in range(2)]
        (root / "wandb").mkdir()
        github = sandbox.GitHub(ports[0][1], root / "github")
        wandb = stack.enter_context(Wandb(ports[1][1], root / "wandb"))
        for app, (bound, _) in zip((github.app, wandb.app), ports, strict=True):
            stack.enter_context(serve(app, bound))
        stack.callback(github.close)
        token = github.add_user("Codertocat")
        github.add_repository(HOME, source=root / "files")
        github.set_role(HOME, "Codertocat", "admin")
        Person("Codertocat", token, github, HOME).opens_issue("Spelling error", "")
        yield House(github, wandb, root, zygote)


def test_the_bot_lets_pass_what_is_not_for_it(
    house: House, examples: list[tuple[str, dict[str, Any]]]
) -> None:
    asked, before = len(house.github.requests), house.branches()
    others = [(name, payload) for name, payload in examples if name != "workflow_dispatch"]
    assert len(others) > 300
    for start in range(0, len(others), AT_ONCE):
        batch = others[start : start + AT_ONCE]
        for name, (job, log) in [(name, house.start(name, payload)) for name, payload in batch]:
            assert job.wait(PATIENCE_SECONDS) == 0, f"{name}: {log.read_text()}"
            assert re.fullmatch(LET_PASS, log.read_text()), f"{name}: {log.read_text()}"
    paths = {request.path for request in house.github.requests[asked:] if request.method != "GET"}
    assert paths <= {"/api/graphql"}  # where reading is a POST, too, and writing makes a commit
    assert house.branches() == before


@pytest.mark.parametrize(
    ("event", "action", "changes", "answers"),
    [
        ("issue_comment", "created", {"comment": {"body": "/status"}}, True),
        ("issues", "labeled", {"label": {"name": "experiment"}}, True),
        ("repository_dispatch", "on-demand-test", {"action": "labhand-ring"}, False),
        ("workflow_dispatch", None, {}, False),
    ],
)
def test_the_bot_takes_an_example_that_is_for_it(
    house: House,
    examples: list[tuple[str, dict[str, Any]]],
    event: str,
    action: str | None,
    changes: dict[str, Any],
    answers: bool,
) -> None:
    found = [p for name, p in examples if (name, p.get("action")) == (event, action)]
    assert found
    asked = len(house.github.requests)
    house.run(event, _changed(found[0], changes))
    requests = [request for request in house.github.requests[asked:] if request.login == BOT]
    assert requests
    written = {request.path for request in requests if request.method == "POST"}
    assert (f"/api/v3/repos/{HOME}/issues/1/comments" in written) is answers


def _changed(payload: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A payload with some of its fields changed, however deep."""
    deep = {
        name: _changed(payload[name], value) if isinstance(value, dict) else value
        for name, value in changes.items()
    }
    return {**payload, **deep}
