"""A report through the real client: what it costs in requests, and what stands on GitHub then."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from bot import router
from bot.comments import headline
from bot.events import CommentWritten, Event, PullMoved, Rang
from bot.ports import World
from tests.bot.scene import outcome
from tests.contract.conftest import Served
from tests.contract.hub import SandboxHub
from tests.fakes import SETTINGS, FakeTracker, world

MOST_GITHUB = 8
"""Requests from the ring to the comment."""
MOST_LISTINGS = 3
"""Of W&B's runs: two to the comment, and one that settles what was spent."""


class Team:
    """A repository whose jobs use the real client, and whose runs are made up."""

    def __init__(self, hub: SandboxHub, folder: Path) -> None:
        self.hub = hub
        self.world: World = world(outcome, str(folder))
        self._numbers = count(1001)

    @property
    def tracker(self) -> FakeTracker:
        """W&B."""
        assert isinstance(self.world.tracker, FakeTracker)
        return self.world.tracker

    def handle(self, event: Event) -> list[str]:
        """Handle an event in a job of its own; what it asked of GitHub, in order."""
        job, server = next(self._numbers), self.hub.server
        environment = self.world.environment.model_copy(
            update={"workflow_run": job, "repository": self.hub.name}
        )
        forge, before = self.hub.client(workflow_run=job), len(server.requests)
        server.record_workflow_run(self.hub.name, {"id": job, "status": "in_progress"})
        router.handle(event, replace(self.world, forge=forge, environment=environment))
        server.record_workflow_run(self.hub.name, {"id": job, "status": "completed"})
        return [f"{one.method} {one.path}" for one in server.requests[before:]]

    def command(self, place: int, body: str, *, is_pull: bool) -> None:
        """Ada writes a command, and agents train what it queues."""
        comment = self.hub.ada.get_issue(place).create_comment(body)
        self.handle(CommentWritten(place, comment.id, "ada", body, is_pull))
        self.tracker.work()


@pytest.fixture
def team(served: Served, tmp_path: Path) -> Team:
    files = tmp_path / "files"
    files.mkdir()
    (files / "conf.yaml").write_text(SETTINGS)
    made = Team(SandboxHub(served.server, files), tmp_path)
    made.command(made.hub.open_issue("Measure"), "/baseline seeds=6", is_pull=False)
    made.handle(Rang("W&B"))
    return made


def test_a_report_is_on_its_pull_after_few_requests(team: Team) -> None:
    head = team.hub.push("faster", {"conf.yaml": SETTINGS.replace("0.01", "0.02")})
    pull = team.hub.open_pull("faster", "A larger rate")
    team.handle(PullMoved(pull, head))
    assert team.hub.check(head)[:2] == ("success", "no experiment")
    team.command(pull, "/launch", is_pull=True)
    assert team.hub.check(head)[0] == "in_progress"
    listings, requests = team.tracker.listings, []
    while team.hub.check(head)[0] == "in_progress":
        listings, requests = team.tracker.listings, team.handle(Rang("W&B"))
        team.tracker.work()
    comment = f"POST /api/v3/repos/{team.hub.name}/issues/{pull}/comments"
    to_the_comment = requests[: requests.index(comment) + 1]
    assert len(to_the_comment) <= MOST_GITHUB, to_the_comment
    assert team.tracker.listings - listings <= MOST_LISTINGS
    report = team.hub.comments(pull)[-1].body
    state, title, summary = team.hub.check(head)
    assert (state, title) == ("success", headline(report))
    assert report.startswith(summary.rstrip())
