"""The real `labhand.yml`, `ring.yml` and `action.yml`, with a stand-in for the bot."""

import sys
from collections.abc import Iterator
from pathlib import Path

import github
import pytest

from bot.sandbox.actions import JobResult
from tests.sandbox.actions_stage import PATIENCE_SECONDS, REPOSITORY, Stage, stage

ROOT = Path(__file__).parents[2]
REAL = (
    "action.yml",
    ".github/ISSUE_TEMPLATE/experiment.yml",
    ".github/workflows/labhand.yml",
    ".github/workflows/check.yml",
    ".github/workflows/ring.yml",
)
SECRETS = {"WANDB_API_KEY": "w" * 40, "ANTHROPIC_API_KEY": "sk-ant-" + "a" * 40}
BOT = """
import os, sys
from pathlib import Path

command, folder = sys.argv[1], Path(os.environ["LABHAND_FOLDER"])
held = [name for name in ("WANDB_API_KEY", "ANTHROPIC_API_KEY") if os.environ[name]]
print(command, "holds", held, "at", os.environ["WANDB_BASE_URL"], os.environ["ANTHROPIC_BASE_URL"])
print("token", bool(os.environ["LABHAND_GITHUB_TOKEN"]), "in", sorted(os.listdir()))
for file in sorted(folder.rglob("*.txt")):
    print("found", file.relative_to(folder), file.read_text())
if command == "event" and "/die" in Path(os.environ["GITHUB_EVENT_PATH"]).read_text():
    sys.exit(1)
if command == "event" and "/revise" in Path(os.environ["GITHUB_EVENT_PATH"]).read_text():
    (folder / "task").mkdir(parents=True)
    (folder / "task" / "task.txt").write_text("make it better")
    with open(os.environ["GITHUB_OUTPUT"], "a") as output:
        print("write=true", "head=" + os.environ["GITHUB_SHA"], sep="\\n", file=output)
if command == "write":
    print("target", Path("target/model.py").read_text())
    (folder / "work").mkdir()
    (folder / "work" / "patch.txt").write_text("better")
    sys.exit(int("will fail" in Path(os.environ["GITHUB_EVENT_PATH"]).read_text()))
"""
FILES = {
    "bot/__init__.py": "",
    "bot/__main__.py": BOT,
    "model.py": "layers = 3",
}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Stage]:
    real = {path: (ROOT / path).read_text() for path in REAL}
    variables = {"LABHAND_PYTHON": sys.executable, "WANDB_BASE_URL": "http://127.0.0.1:1"}
    with stage(tmp_path, {**real, **FILES}, secrets=SECRETS, variables=variables) as made:
        yield made


def comment(team: Stage, body: str, token: str = "") -> dict[str, JobResult]:
    """Comment on the first issue and wait for what follows; the jobs by name."""
    before = len(team.actions.jobs)
    if not team.github.repository(REPOSITORY).issues:
        assert team.ask("POST", "issues", team.mona, {"title": "An idea"}) == 201
    said = team.ask("POST", "issues/1/comments", token or team.mona, {"body": body})
    assert said == 201
    team.actions.wait_idle(PATIENCE_SECONDS)
    return {job.job: job for job in team.actions.jobs[before:]}


def reactions(team: Stage) -> list[tuple[str, str]]:
    comments = team.github.repository(REPOSITORY).comments.values()
    return [(one.content, one.user.login) for said in comments for one in said.reactions]


def test_an_ordinary_command_takes_one_job(team: Stage) -> None:
    jobs = comment(team, "/launch")
    assert [name for name, job in jobs.items() if job.conclusion != "skipped"] == ["respond"]
    log = jobs["respond"].log
    assert jobs["respond"].conclusion == "success", log
    assert "event holds ['WANDB_API_KEY'] at http://127.0.0.1:1 https://api.anthropic.com" in log
    assert "token True in []" in log
    assert reactions(team) == [("eyes", "github-actions[bot]")]


def test_a_comment_to_people_takes_none(team: Stage) -> None:
    assert {job.conclusion for job in comment(team, "Nice work").values()} == {"skipped"}


def test_a_strangers_command_is_for_the_bot_to_judge_and_not_acknowledged(team: Stage) -> None:
    jobs = comment(team, "/launch", team.github.add_user("stranger"))
    assert jobs["respond"].conclusion == "success"
    assert reactions(team) == []


def test_a_reaction_that_fails_does_not_fail_the_job(team: Stage) -> None:
    payload = {
        "action": "created",
        "comment": {"id": 999, "body": "/launch", "author_association": "OWNER"},
    }
    respond, *_ = team.run("issue_comment", payload)
    assert "404" in respond.log
    assert "event holds" in respond.log
    assert respond.conclusion == "success"


def test_an_idea_filed_through_the_form_takes_one_job(team: Stage) -> None:
    team.github.submit_issue_form(
        REPOSITORY,
        team.mona,
        "experiment.yml",
        {"what": "Wider layers", "overrides": "model.width=64"},
        title="Wider layers",
    )
    team.actions.wait_idle(PATIENCE_SECONDS)
    ran = [job for job in team.actions.jobs if job.conclusion != "skipped"]
    assert [(job.job, job.event, job.conclusion) for job in ran] == [
        ("respond", "issues", "success")
    ]


def test_a_model_job_gets_the_task_and_hands_over_its_work(team: Stage) -> None:
    jobs = comment(team, "/revise with a model")
    assert {name: job.conclusion for name, job in jobs.items()} == {
        "respond": "success",
        "write": "success",
        "settle": "success",
        "rescue": "skipped",
    }, [job.log for job in jobs.values()]
    assert "write holds ['ANTHROPIC_API_KEY']" in jobs["write"].log
    assert "found task/task.txt make it better" in jobs["write"].log
    assert "target layers = 3" in jobs["write"].log
    assert "settle holds ['WANDB_API_KEY']" in jobs["settle"].log
    assert "found task/task.txt make it better" in jobs["settle"].log
    assert "found work/patch.txt better" in jobs["settle"].log


def test_a_model_job_that_fails_is_settled_too(team: Stage) -> None:
    jobs = comment(team, "/revise with a model that will fail")
    assert jobs["write"].conclusion == "failure"
    assert jobs["settle"].conclusion == "success"
    assert "found work/patch.txt better" in jobs["settle"].log


def test_a_job_that_dies_has_the_schedule_turned_on(team: Stage) -> None:
    def schedule_is_on() -> bool:
        return team.github.workflow_enabled(REPOSITORY, ".github/workflows/ring.yml")

    assert team.ask("PUT", "actions/workflows/ring.yml/disable", team.mona) == 204
    assert comment(team, "/launch")["rescue"].conclusion == "skipped"
    assert not schedule_is_on()
    jobs = comment(team, "/die")
    assert jobs["respond"].conclusion == "failure"
    assert jobs["rescue"].conclusion == "success", jobs["rescue"].log
    assert schedule_is_on()


def test_the_form_takes_one_job_on_the_default_branch_alone(team: Stage) -> None:
    path = "actions/workflows/labhand.yml/dispatches"
    form = {"command": "/launch", "number": "1"}
    team.ask("POST", "git/refs", team.mona, {"ref": "refs/heads/evil", "sha": team.commit})
    for branch, ends in (("main", "success"), ("evil", "skipped")):
        before = len(team.actions.jobs)
        assert team.ask("POST", path, team.mona, {"ref": branch, "inputs": form}) == 204
        team.actions.wait_idle(PATIENCE_SECONDS)
        done = {job.job: job.conclusion for job in team.actions.jobs[before:]}
        assert done["respond"] == ends


def test_a_ring_rings(team: Stage) -> None:
    payload = {"workflow": ".github/workflows/ring.yml"}
    (job,) = team.run("workflow_dispatch", payload)
    assert "ring holds ['WANDB_API_KEY']" in job.log
    jobs = team.run("repository_dispatch", {"action": "labhand-ring"})
    assert [job.job for job in jobs if job.conclusion != "skipped"] == ["respond"]
    assert team.run("repository_dispatch", {"action": "other"}) == []


@pytest.mark.parametrize("by", ["the team", "a fork"])
def test_a_pull_request_is_looked_at_by_the_default_branchs_files(team: Stage, by: str) -> None:
    """Whatever a PR makes of the workflow and of the bot, it does not run here."""
    token = team.mona if by == "the team" else team.github.add_user("stranger")
    hub = github.Github(auth=github.Auth.Token(token), base_url=team.github.api_url)
    base = hub.get_repo(REPOSITORY)
    theirs = base if by == "the team" else base.create_fork()
    theirs.create_git_ref("refs/heads/evil", team.commit)
    for path in ("bot/__main__.py", ".github/workflows/check.yml"):
        old = theirs.get_contents(path, ref="evil")
        assert not isinstance(old, list)
        theirs.update_file(path, "evil", "raise SystemExit(9)", old.sha, branch="evil")
    base.create_pull("main", f"{theirs.owner.login}:evil", title="Evil", body="")
    team.actions.wait_idle(PATIENCE_SECONDS)
    (job,) = team.actions.jobs
    assert (job.job, job.event, job.conclusion) == ("check", "pull_request_target", "success")
    assert "event holds []" in job.log
