"""The repository's own workflows and action: safe, valid, and frugal with runners."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.actions.expressions import Expressions, Status

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
ACTION = ROOT / "action.yml"
FORM = ROOT / ".github" / "ISSUE_TEMPLATE" / "experiment.yml"
BOT_RIGHTS = {
    "actions": "write",
    "checks": "write",
    "contents": "write",
    "issues": "write",
    "pull-requests": "write",
}
UNTRUSTED_EVENTS = {"issue_comment", "issues", "pull_request_target", "workflow_run"}
FRESH: Status = {"success": True, "failure": False, "cancelled": False}


@pytest.fixture(scope="module")
def expressions() -> Iterator[Expressions]:
    engine = Expressions()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def files(expressions: Expressions) -> dict[str, Any]:
    """Every workflow and the action, parsed, by file name."""
    return {file.name: expressions.parse_yaml(file.read_text()) for file in (*WORKFLOWS, ACTION)}


def steps(files: dict[str, Any]) -> list[dict[str, Any]]:
    found = list(files["action.yml"]["runs"]["steps"])
    for name, content in files.items():
        if name != "action.yml":
            found += [step for job in content["jobs"].values() for step in job["steps"]]
    return found


def check(*command: str | Path) -> None:
    beside = Path(sys.executable).parent
    done = subprocess.run(
        [beside / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    check(
        "zizmor", "--offline", "--no-progress", "--strict-collection", "--persona", "auditor", "."
    )


@pytest.mark.parametrize(
    ("schema", "paths"),
    [("github-workflows", WORKFLOWS), ("github-actions", [ACTION]), ("github-issue-forms", [FORM])],
)
def test_files_follow_their_schema(schema: str, paths: list[Path]) -> None:
    check("check-jsonschema", "--builtin-schema", f"vendor.{schema}", *paths)


def test_no_expression_stands_inside_a_script(files: dict[str, Any]) -> None:
    scripts = [step["run"] for step in steps(files) if "run" in step]
    assert scripts
    assert [script for script in scripts if "${{" in script] == []


def test_every_action_is_our_own_commit_or_pinned_to_one(files: dict[str, Any]) -> None:
    used = [step["uses"] for step in steps(files) if "uses" in step]
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")
    assert [uses for uses in used if uses != "$/" and not pinned.fullmatch(uses)] == []


def test_every_shell_is_bash(files: dict[str, Any]) -> None:
    assert {step["shell"] for step in steps(files) if "run" in step} == {"bash"}


def test_no_job_with_rights_checks_out_what_others_wrote(files: dict[str, Any]) -> None:
    looked_at = 0
    for name, content in files.items():
        if name == "action.yml" or not UNTRUSTED_EVENTS & set(content["on"]):
            continue
        for job in content["jobs"].values():
            for step in job["steps"]:
                if step.get("uses", "").startswith("actions/checkout"):
                    looked_at += 1
                    assert job["permissions"] == {"contents": "read"}
                    assert step["with"]["persist-credentials"] is False
                    # Only the action of the default branch runs beside it; nothing of the checkout.
                    assert step["with"]["path"] == "target"
                    assert all("run" not in other for other in job["steps"])
    assert looked_at == 1


@pytest.mark.parametrize(
    ("file", "job", "rights", "secrets"),
    [
        ("labhand.yml", "respond", BOT_RIGHTS, {"WANDB_API_KEY"}),
        ("labhand.yml", "write", {"contents": "read"}, {"ANTHROPIC_API_KEY"}),
        ("labhand.yml", "settle", BOT_RIGHTS, {"WANDB_API_KEY"}),
        ("labhand.yml", "rescue", {"actions": "write"}, set()),
        ("ring.yml", "ring", BOT_RIGHTS, {"WANDB_API_KEY"}),
        ("check.yml", "check", {"checks": "write", "contents": "read"}, set()),
        ("ci.yml", "test", {"contents": "read"}, set()),
    ],
)
def test_a_job_has_its_rights_and_secrets_and_no_others(
    files: dict[str, Any], file: str, job: str, rights: dict[str, str], secrets: set[str]
) -> None:
    assert files[file]["permissions"] == {}
    described = files[file]["jobs"][job]
    assert described["permissions"] == rights
    assert set(re.findall(r"secrets\.(\w+)", str(described))) == secrets


def test_every_job_ends_in_time(files: dict[str, Any]) -> None:
    limits = {
        f"{name} {job_id}": job.get("timeout-minutes", 360)
        for name, content in files.items()
        for job_id, job in content.get("jobs", {}).items()
    }
    assert {job: minutes for job, minutes in limits.items() if minutes > 60} == {}


def test_the_workflows_hand_over_only_inputs_that_the_action_has(files: dict[str, Any]) -> None:
    inputs = set(files["action.yml"]["inputs"])
    calls = [step for step in steps(files) if step.get("uses") == "$/"]
    assert {step["with"]["command"] for step in calls} == {"event", "write", "settle", "ring"}
    assert [set(step["with"]) - inputs for step in calls if set(step["with"]) - inputs] == []


def comment(body: str, sender: str = "User") -> dict[str, Any]:
    return {
        "action": "created",
        "comment": {"body": body, "user": {"type": sender}},
        "issue": {"number": 7},
        "sender": {"type": sender},
    }


def label(name: str, sender: str = "User") -> dict[str, Any]:
    return {
        "action": "labeled",
        "label": {"name": name},
        "issue": {"number": 7},
        "sender": {"type": sender},
    }


@pytest.mark.parametrize(
    ("event", "payload", "starts"),
    [
        ("issue_comment", comment("/launch"), True),
        ("issue_comment", comment("/launch seeds=+5\nbecause it is close"), True),
        ("issue_comment", comment("Nice! Try /launch"), False),
        ("issue_comment", comment(" /launch"), False),
        ("issue_comment", comment(""), False),
        # An app that the configuration lists may write commands; only the bot has read that.
        ("issue_comment", comment("/launch", "Bot"), True),
        ("issues", label("experiment"), True),
        ("issues", label("bug"), False),
        ("issues", label("experiment", "Bot"), False),
        # A ring comes from W&B's webhook, through the token of a person or of an app.
        ("repository_dispatch", {"action": "labhand-ring", "sender": {"type": "User"}}, True),
        ("repository_dispatch", {"action": "labhand-ring", "sender": {"type": "Bot"}}, True),
    ],
)
def test_what_starts_a_runner(
    files: dict[str, Any],
    expressions: Expressions,
    event: str,
    payload: dict[str, Any],
    starts: bool,
) -> None:
    condition = files["labhand.yml"]["jobs"]["respond"]["if"]
    github = {"event_name": event, "event": payload}
    assert expressions.condition(condition, {"github": github}, FRESH) is starts


@pytest.mark.parametrize(("branch", "starts"), [("main", True), ("evil", False)])
def test_the_form_starts_the_default_branchs_files_alone(
    files: dict[str, Any], expressions: Expressions, branch: str, starts: bool
) -> None:
    condition = files["labhand.yml"]["jobs"]["respond"]["if"]
    payload = {"repository": {"default_branch": "main"}, "inputs": {"command": "/status"}}
    github = {"event_name": "workflow_dispatch", "ref_name": branch, "event": payload}
    assert expressions.condition(condition, {"github": github}, FRESH) is starts


def test_rings_replace_each_other_and_commands_do_not(
    files: dict[str, Any], expressions: Expressions
) -> None:
    group = files["labhand.yml"]["jobs"]["respond"]["concurrency"]["group"]

    def name(event: str, run_id: str) -> str:
        github = {"event_name": event, "run_id": run_id}
        return str(expressions.resolve(group, {"github": github}))

    rings = {name("repository_dispatch", "1"), name("repository_dispatch", "2")}
    assert rings == {files["ring.yml"]["jobs"]["ring"]["concurrency"]["group"]}
    commands = {name("issue_comment", "3"), name("issue_comment", "4"), name("issues", "5")}
    assert len(commands - rings) == 3
