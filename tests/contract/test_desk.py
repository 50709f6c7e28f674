"""What commands need of GitHub: where a branch stood, who wrote how much, issues, the form."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from github import InputGitAuthor

from bot.__main__ import main
from bot.config import PATH
from bot.errors import UserError
from bot.events import FormSent, Rang, parse
from bot.sandbox.github import Delivery
from tests.contract.hub import Hub, Interference, SandboxHub, head
from tests.fakes import CONFIG


def test_an_issue_is_opened_once(hub: Hub) -> None:
    first = hub.forge.open_issue("idea:9", "EMA", "### What should change?\n\nEMA")
    assert hub.forge.open_issue("idea:9", "EMA", "### What should change?\n\nEMA") == first
    assert hub.forge.open_issue("idea:10", "EMA", "again") != first
    assert hub.forge.issue(first).title == "EMA"


def test_an_issue_and_a_pull_are_told_apart(hub: Hub) -> None:
    hub.push("ema", {"ema.py": "x = 1\n"})
    pull = hub.open_pull("ema", "Averaging")
    assert hub.forge.issue(pull).is_pull
    assert not hub.forge.issue(hub.open_issue("Averaging")).is_pull


def test_an_issue_bears_the_labels_it_was_given(sandbox_hub: SandboxHub) -> None:
    idea = sandbox_hub.forge.open_issue("idea:9", "EMA", "body", ("experiment",))
    other = sandbox_hub.forge.open_issue("leaderboard", "Leaderboard", "body")
    issues = [sandbox_hub.ada.get_issue(number) for number in (idea, other)]
    assert [[label.name for label in issue.labels] for issue in issues] == [["experiment"], []]


def test_a_marker_that_somebody_else_wrote_opens_nothing(sandbox_hub: SandboxHub) -> None:
    theirs = sandbox_hub.open_issue("EMA", "Mine\n\n<!-- labhand:idea:9 -->")
    assert sandbox_hub.forge.open_issue("idea:9", "EMA", "ours") != theirs


def test_a_branch_stood_where_it_was_pushed_last(sandbox_hub: SandboxHub) -> None:
    first = sandbox_hub.push("ema", {"ema.py": "x = 1\n"})
    between = time.time() + 1
    time.sleep(2.1)  # GitHub tells of moves to the second
    second = sandbox_hub.push("ema", {"ema.py": "x = 2\n"})
    assert sandbox_hub.forge.stood("ema", time.time() + 1) == second
    assert sandbox_hub.forge.stood("ema", between) == first
    assert sandbox_hub.forge.stood("none", between) is None
    assert head(sandbox_hub.forge, "ema") == second


def test_a_forged_date_of_a_commit_moves_nothing(sandbox_hub: SandboxHub) -> None:
    """Where a branch stood is what GitHub saw; a commit's own date says what its author wants."""
    before = sandbox_hub.push("ema", {"ema.py": "x = 1\n"})
    asked = time.time() + 1
    time.sleep(2.1)
    old = sandbox_hub.ada.get_git_commit(before)
    author = InputGitAuthor("ada", "ada@acme.example", "2001-01-01T00:00:00Z")
    made = sandbox_hub.ada.create_git_commit("old", old.tree, [old], author, author)
    (ref,) = [r for r in sandbox_hub.ada.get_git_refs() if r.ref == "refs/heads/ema"]
    ref.edit(made.sha)
    assert sandbox_hub.forge.stood("ema", asked) == before


def test_comments_of_a_person_within_the_hour(sandbox_hub: SandboxHub) -> None:
    rita = sandbox_hub.newcomer("rita", "write")
    place = sandbox_hub.open_issue("Averaging")
    for body in ("/status", "thanks"):
        rita.get_issue(place).create_comment(body)
    sandbox_hub.ada.get_issue(place).create_comment("/launch")
    recent = time.time() - 3600
    assert sorted(sandbox_hub.forge.comments_of("rita", recent)) == ["/status", "thanks"]
    assert sandbox_hub.forge.comments_of("rita", time.time() + 60) == ()
    assert sandbox_hub.forge.comments_of("nobody", recent) == ()


def test_a_result_takes_the_place_of_the_eyes(sandbox_hub: SandboxHub) -> None:
    comment = sandbox_hub.ada.get_issue(sandbox_hub.open_issue("EMA")).create_comment("/launch")
    comment.create_reaction("eyes")
    bots = sandbox_hub.person(sandbox_hub.token).get_issue(1).get_comment(comment.id)
    bots.create_reaction("eyes")
    sandbox_hub.forge.react(comment.id, "rocket")
    seen = [(given.content, given.user.login) for given in comment.get_reactions()]
    assert sorted(seen) == [("eyes", "ada"), ("rocket", "github-actions[bot]")]


def test_a_form_that_may_not_be_sent_says_what_is_missing(sandbox_hub: SandboxHub) -> None:
    with pytest.raises(UserError, match=r"does not start `labhand\.yml`"):
        sandbox_hub.client().send_form("/status", 1)


WORKFLOW = """
name: labhand
on:
  workflow_dispatch: {inputs: {command: {type: string}, number: {type: string}}}
jobs: {respond: {runs-on: ubuntu-latest, steps: [{run: "true", shell: bash}]}}
"""


@pytest.fixture
def terminal(sandbox_hub: SandboxHub, monkeypatch: pytest.MonkeyPatch) -> SandboxHub:
    """A repository with the workflow, and a terminal of somebody who may write."""
    sandbox_hub.push("main", {".github/workflows/labhand.yml": WORKFLOW, PATH: CONFIG})
    token = sandbox_hub.server.add_user("rita")
    sandbox_hub.server.set_role(sandbox_hub.name, "rita", "write")
    for name, value in {
        "GITHUB_REPOSITORY": sandbox_hub.name,
        "GITHUB_API_URL": sandbox_hub.server.api_url,
        "LABHAND_GITHUB_TOKEN": token,
    }.items():
        monkeypatch.setenv(name, value)
    return sandbox_hub


def test_a_terminal_sends_the_form_as_whoever_holds_the_token(
    terminal: SandboxHub, capsys: pytest.CaptureFixture[str]
) -> None:
    deliveries: list[Delivery] = []
    terminal.server.listeners.append(deliveries.append)
    assert main(["run", "/launch seeds=5", "--pr", "12"]) == 0
    terminal.server.listeners.remove(deliveries.append)
    (sent,) = [found for found in deliveries if found.event == "workflow_dispatch"]
    assert parse(sent.event, sent.payload) == FormSent(12, "rita", "/launch seeds=5")
    assert f"{terminal.name}/issues/12" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("/lanch", "Did you mean `/launch`?"),
        ("/launch seeds=x", "`seeds=x` cannot be read"),
        ("hello", "'hello' is no command"),
    ],
)
def test_a_terminal_tells_a_slip_at_once(
    terminal: SandboxHub, capsys: pytest.CaptureFixture[str], typed: str, said: str
) -> None:
    assert terminal
    assert main(["run", typed, "--pr", "12"]) == 2
    assert said in capsys.readouterr().err


def test_what_nobody_answered_is_listed(sandbox_hub: SandboxHub) -> None:
    rita = sandbox_hub.newcomer("rita", "write")
    place, pull = sandbox_hub.open_issue("Averaging"), _pull(sandbox_hub)
    started = time.time() - 2
    asked = rita.get_issue(place).create_comment("/status")
    seen = rita.get_issue(pull).create_comment("/launch")
    done = rita.get_issue(pull).create_comment("/merge")
    replied = rita.get_issue(place).create_comment("/help")
    bots = sandbox_hub.person(sandbox_hub.token)
    bots.get_issue(pull).get_comment(seen.id).create_reaction("eyes")
    sandbox_hub.forge.react(done.id, "confused")
    sandbox_hub.forge.say(place, f"reply:{replied.id}", "This helps.")
    found = [c for c in sandbox_hub.forge.unanswered(started) if c.author == "rita"]
    assert [(c.comment_id, c.place, c.body, c.is_pull, c.is_bot) for c in found] == [
        (asked.id, place, "/status", False, False),
        (seen.id, pull, "/launch", True, False),
    ]
    assert found[0].written_at == asked.created_at.timestamp()
    assert sandbox_hub.forge.unanswered(time.time() + 60) == ()


def test_a_reply_that_somebody_forged_answers_nothing(sandbox_hub: SandboxHub) -> None:
    issue = sandbox_hub.ada.get_issue(sandbox_hub.open_issue("Averaging"))
    asked = issue.create_comment("/status")
    issue.create_comment(f"Done.\n\n<!-- labhand:reply:{asked.id} -->")
    assert asked.id in [c.comment_id for c in sandbox_hub.forge.unanswered(time.time() - 60)]


def test_an_edited_comment_is_left_out_and_a_reaction_edits_none(sandbox_hub: SandboxHub) -> None:
    issue = sandbox_hub.ada.get_issue(sandbox_hub.open_issue("Averaging"))
    kept, changed = issue.create_comment("/status"), issue.create_comment("/status")
    time.sleep(1.1)  # GitHub tells of edits to the second
    kept.create_reaction("eyes")
    changed.edit("/merge")
    assert [c.comment_id for c in sandbox_hub.forge.unanswered(time.time() - 60)] == [kept.id]


def test_listings_are_read_to_their_end(
    sandbox_hub: SandboxHub, interference: Interference
) -> None:
    issue = sandbox_hub.ada.get_issue(sandbox_hub.open_issue("Averaging"))
    for number in range(101):
        issue.create_comment(f"/help {number}")
    interference.asked.clear()
    assert len(sandbox_hub.forge.unanswered(time.time() - 600)) == 101
    assert len(interference.asked) == 2
    interference.asked.clear()
    assert len(sandbox_hub.forge.comments_of("ada", time.time() - 600)) == 101
    assert len(interference.asked) == 2


def test_who_labelled_an_idea(sandbox_hub: SandboxHub) -> None:
    hub, started = sandbox_hub, time.time() - 2
    rita = hub.newcomer("rita", "triage")
    for name in ("experiment", "other"):
        hub.ada.create_label(name, "ededed")
    place, plain = hub.open_issue("Averaging"), hub.open_issue("Question")
    rita.get_issue(place).add_to_labels("experiment")
    hub.ada.get_issue(place).add_to_labels("other")
    assert hub.forge.labelled(started) == (place,)
    assert hub.forge.labelled(time.time() + 60) == ()
    found = hub.forge.labelling(place)
    assert found
    assert (found.place, found.sender) == (place, "rita")
    assert abs((found.labelled_at or 0) - time.time()) < 60
    assert hub.forge.labelling(plain) is None
    assert hub.forge.labelling(999) is None
    hub.forge.say(place, "trouble:1", "GitHub was down.")
    assert hub.forge.labelling(place) == found
    hub.forge.say(place, "thanks", "Thanks.")
    assert hub.forge.labelling(place) is None


def test_an_idea_that_the_bot_opened_was_labelled_by_nobody(sandbox_hub: SandboxHub) -> None:
    number = sandbox_hub.forge.open_issue("idea:9", "EMA", "x", ("experiment",))
    assert sandbox_hub.forge.labelling(number) is None


def test_the_other_workflow_is_rung(sandbox_hub: SandboxHub) -> None:
    heard: list[Delivery] = []
    sandbox_hub.server.listeners.append(heard.append)
    assert sandbox_hub.forge.ring()
    sandbox_hub.server.listeners.remove(heard.append)
    found = next(d for d in heard if d.event == "repository_dispatch")
    assert found.triggers_workflows
    assert parse(found.event, found.payload) == Rang("W&B", has_writer=True)


def test_a_token_that_may_not_ring_says_so(sandbox_hub: SandboxHub) -> None:
    token = sandbox_hub.server.job_token(sandbox_hub.name, {"issues": "write"})
    assert not sandbox_hub.client(token=token).ring()


@dataclass
class Job:
    """A job that starts with a comment."""

    terminal: SandboxHub
    monkeypatch: pytest.MonkeyPatch
    folder: Path

    def hears(self, body: str, **variables: str) -> tuple[int, int]:
        """Run it for a new comment of ada's; return the numbers of the issue and the comment."""
        issue = self.terminal.ada.get_issue(self.terminal.open_issue("Averaging"))
        comment = issue.create_comment(body)
        payload = {"action": "created", "comment": comment.raw_data, "issue": issue.raw_data}
        (self.folder / "event.json").write_text(json.dumps(payload))
        for name, value in {
            "GITHUB_EVENT_NAME": "issue_comment",
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_RUN_ID": "100",
            "LABHAND_GITHUB_TOKEN": self.terminal.token,
            **variables,
        }.items():
            self.monkeypatch.setenv(name, value)
        assert main(["event"]) == 0
        return issue.number, comment.id


@pytest.fixture
def job(terminal: SandboxHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Job:
    """A job in a repository that is configured."""
    return Job(terminal, monkeypatch, tmp_path)


@pytest.mark.parametrize(("again", "answers"), [("ada", 1), ("mallory", 0)])
def test_a_job_that_somebody_else_starts_again_is_no_command_of_its_first_person(
    job: Job, again: str, answers: int
) -> None:
    place, _ = job.hears("/help", GITHUB_ACTOR="ada", GITHUB_TRIGGERING_ACTOR=again)
    assert len(job.terminal.comments(place)) == 1 + answers


@pytest.mark.parametrize("body", ["/status", "/lab status", "/lab-status"])
def test_what_a_job_has_told_no_ring_takes_up_again(
    job: Job, terminal: SandboxHub, body: str
) -> None:
    """Whoever mends the configuration writes the command again."""
    terminal.push("main", {PATH: "version: 99\n"})
    place, comment = job.hears(body)
    assert "<!-- labhand:trouble:100 -->" in terminal.comments(place)[-1].body
    assert comment not in [each.comment_id for each in terminal.forge.unanswered(time.time() - 60)]


def _pull(hub: SandboxHub) -> int:
    hub.push("ema", {"ema.py": "x = 1\n"})
    return hub.open_pull("ema", "Averaging")
