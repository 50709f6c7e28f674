"""A `main` that is protected, and PRs from forks: what the bot makes of GitHub's refusals."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot import events, router
from bot.errors import UserError
from bot.events import CommentWritten, Rang
from bot.ports import Launch
from bot.sandbox.github import Delivery
from tests import fakes
from tests.contract.hub import OWN_RUN, SandboxHub, head

CI = {"strict": False, "contexts": ["ci"]}
ONE_REVIEW = {"required_approving_review_count": 1}


def protect(hub: SandboxHub, **rules: Any) -> None:
    wanted = {
        "required_status_checks": None,
        "enforce_admins": False,
        "required_pull_request_reviews": None,
        "restrictions": None,
        **rules,
    }
    url = f"{hub.ada.url}/branches/main/protection"
    hub.ada.requester.requestJsonAndCheck("PUT", url, input=wanted)


def opened(hub: SandboxHub) -> tuple[int, str]:
    """An experiment's draft PR; its number and head."""
    tip = hub.push("exp/7-ema", {"a.txt": "a"})
    return hub.forge.open_pull("exp/7-ema", "EMA", "", "ada"), tip


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"required_status_checks": CI}, 'Required status check "ci" is expected.'),
        (
            {"required_pull_request_reviews": ONE_REVIEW},
            "At least 1 approving review is required by reviewers with write access.",
        ),
        ({"restrictions": {"users": ["ada"], "teams": []}}, "You're not authorized to push"),
    ],
)
def test_what_protects_main_is_told(
    sandbox_hub: SandboxHub, rules: dict[str, Any], said: str
) -> None:
    protect(sandbox_hub, **rules)
    before = head(sandbox_hub.forge)
    number, tip = opened(sandbox_hub)
    with pytest.raises(UserError) as refused:
        sandbox_hub.forge.merge(number, tip, "squash", "EMA", "")
    assert str(refused.value).startswith(f"GitHub does not merge #{number}: {said}")
    assert "required checks, reviews" in str(refused.value)
    assert head(sandbox_hub.forge) == before
    assert sandbox_hub.forge.pull(number).is_open


def test_what_was_missing_is_done_and_the_merge_goes_on(sandbox_hub: SandboxHub) -> None:
    protect(sandbox_hub, required_status_checks=CI, required_pull_request_reviews=ONE_REVIEW)
    number, tip = opened(sandbox_hub)
    with pytest.raises(UserError, match="approving review"):
        sandbox_hub.forge.merge(number, tip, "squash", "EMA", "")
    sandbox_hub.ada.get_pull(number).create_review(event="APPROVE")
    with pytest.raises(UserError, match="is expected"):
        sandbox_hub.forge.merge(number, tip, "squash", "EMA", "")
    sandbox_hub.ada.get_commit(tip).create_status("success", context="ci")
    merged = sandbox_hub.forge.merge(number, tip, "squash", "EMA", "")
    assert head(sandbox_hub.forge) == merged
    assert sandbox_hub.forge.merge(number, tip, "squash", "EMA", "") == merged


def test_a_branch_that_is_behind_is_told(sandbox_hub: SandboxHub) -> None:
    number, tip = opened(sandbox_hub)
    sandbox_hub.push("main", {"b.txt": "b"})
    protect(sandbox_hub, required_status_checks={**CI, "strict": True})
    sandbox_hub.ada.get_commit(tip).create_status("success", context="ci")
    with pytest.raises(UserError, match="is expected"):
        sandbox_hub.forge.merge(number, tip, "squash", "EMA", "")


def test_a_commit_to_a_protected_branch_is_refused_for_good(sandbox_hub: SandboxHub) -> None:
    """It is neither stale nor an outage: trying again would not help."""
    protect(sandbox_hub, required_pull_request_reviews=ONE_REVIEW)
    before = head(sandbox_hub.forge)
    with pytest.raises(UserError, match="Changes must be made through a pull request"):
        sandbox_hub.forge.commit("main", before, "Mine", {"a.txt": "a"})
    assert head(sandbox_hub.forge) == before


# From comment to answer


def outcome(launch: Launch) -> fakes.FakeRun:
    """A bigger learning rate helps."""
    words = dict(word.split("=", 1) for word in launch.command if "=" in word)
    accuracy = 0.9 + int(words["seed"]) % 5 / 1000 + 0.02 * (words.get("lr") == "0.02")
    return fakes.FakeRun("finished", {"val/acc": accuracy, "train/minutes": 1.0})


class Loop:
    """The bot on the sandbox's GitHub, with people who comment and agents that train."""

    def __init__(self, hub: SandboxHub, folder: Path) -> None:
        self.hub = hub
        found = fakes.world(outcome, str(folder))
        own = {"workflow_run": OWN_RUN, "repository": hub.name}
        environment = found.environment.model_copy(update=own)
        self.world = replace(found, forge=hub.forge, environment=environment)
        assert isinstance(found.tracker, fakes.FakeTracker)
        self.tracker = found.tracker

    def comment(self, place: int, body: str) -> Delivery:
        """Ada comments, and the bot answers what GitHub tells it of that."""
        heard: list[Delivery] = []
        self.hub.server.listeners.append(heard.append)
        self.hub.ada.get_issue(place).create_comment(body)
        self.hub.server.listeners.remove(heard.append)
        (delivery,) = (item for item in heard if item.event == "issue_comment")
        event = events.parse(delivery.event, delivery.payload)
        assert isinstance(event, CommentWritten)
        router.handle(event, self.world)
        return delivery

    def ring(self) -> None:
        self.tracker.work()
        router.handle(Rang("W&B"), self.world)

    def said(self, place: int) -> list[str]:
        return [seen.body for seen in self.hub.comments(place) if seen.author != "ada"]

    def win(self) -> int:
        """A PR with a WIN against a measured baseline."""
        self.hub.push("main", {"conf.yaml": fakes.SETTINGS, "judge/eval.py": "x\n"})
        self.comment(self.hub.open_issue("Measure"), "/baseline seeds=6")
        self.ring()
        self.hub.push("mine", {"conf.yaml": fakes.SETTINGS.replace("0.01", "0.02")})
        number = self.hub.open_pull("mine", "Faster")
        self.comment(number, "/launch")
        self.ring()
        assert "WIN" in self.said(number)[-1]
        return number


@pytest.fixture
def loop(sandbox_hub: SandboxHub, tmp_path: Path) -> Loop:
    return Loop(sandbox_hub, tmp_path)


def test_a_protected_main_stops_a_merge_once_and_says_why(loop: Loop) -> None:
    number, hub = loop.win(), loop.hub
    protect(hub, required_status_checks=CI)
    before = head(hub.forge)
    loop.comment(number, "/merge")
    loop.ring()
    told = [body for body in loop.said(number) if 'Required status check "ci" is expected.' in body]
    assert len(told) == 1
    asked = len(merges(hub))
    loop.ring()
    assert (len(merges(hub)), head(hub.forge)) == (asked, before) == (1, before)
    hub.ada.get_commit(hub.forge.pull(number).head).create_status("success", context="ci")
    loop.comment(number, "/merge")
    loop.ring()
    assert hub.forge.pull(number).merge_commit == head(hub.forge) != before
    assert [release.tag_name for release in hub.ada.get_releases()] == [
        "baseline-v2",
        "baseline-v1",
    ]


def merges(hub: SandboxHub) -> list[int]:
    """How GitHub answered those who asked it to merge."""
    start = f"/api/v3/repos/{hub.name}/pulls/"
    asked = (request for request in hub.server.requests if request.method == "PUT")
    return [request.status for request in asked if request.path.startswith(start)]


def test_a_forks_commit_that_a_maintainer_names_is_fetched_from_a_branch_here(loop: Loop) -> None:
    hub = loop.hub
    hub.push("main", {"conf.yaml": fakes.SETTINGS, "judge/eval.py": "x\n"})
    loop.comment(hub.open_issue("Measure"), "/baseline seeds=6")
    loop.ring()
    linus = hub.newcomer("linus", "read")
    made = linus.create_fork().create_file("ema.py", "Average", "x = 1\n", branch="main")
    number = linus.create_pull("main", "linus:main", title="EMA", body="").number
    commit = made["commit"].sha
    loop.comment(number, f"/launch commit={commit}")
    assert hub.forge.head(f"labhand/fork-{number}-{commit[:7]}") == commit
    loop.ring()
    assert "UNDECIDED" in loop.said(number)[-1] or "LOSS" in loop.said(number)[-1]


def test_launch_on_a_pull_from_a_fork_says_what_to_do(loop: Loop) -> None:
    hub = loop.hub
    linus = hub.newcomer("linus", "read")
    fork = linus.create_fork()
    made = fork.create_file("ema.py", "Average", "x = 1\n", branch="main")
    number = linus.create_pull("main", "linus:main", title="EMA", body="").number
    delivery = loop.comment(number, "/launch")
    assert (delivery.repository, delivery.triggers_workflows) == (hub.name, True)
    assert hub.forge.pull(number).is_fork
    said = loop.said(number)[-1]
    assert "comes from a fork" in said
    assert f"/launch commit={made['commit'].sha}" in said
    assert loop.tracker.queue == []
    fork.delete()
    assert hub.forge.pull(number).is_fork
