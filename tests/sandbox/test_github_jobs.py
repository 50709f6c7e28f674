"""Jobs' tokens, dispatches, workflows, variables and check runs."""

import base64

import pytest
from github import GithubException, UnknownObjectException

from tests.sandbox.github_stage import Home, Hub

pytest_plugins = ("tests.sandbox.github_fixtures",)
WORKFLOW = "name: Ring\non:\n  workflow_dispatch:\n  schedule: [{cron: '*/15 * * * *'}]\njobs: {}\n"
REFUSED = "Resource not accessible by integration"


def test_what_a_job_does_is_the_bots_and_starts_no_workflow(home: Home) -> None:
    home.seen_by("ada").create_issue("Idea")
    job = home.job(issues="write")
    comment = home.ask("POST", "/issues/1/comments", job, {"body": "Queued."}).body
    assert (comment["user"]["login"], comment["user"]["id"]) == ("github-actions[bot]", 41898282)
    assert comment["user"]["type"] == "Bot"
    assert [item.triggers_workflows for item in home.deliveries] == [True, False]


def test_only_a_dispatch_by_a_job_starts_workflows(home: Home) -> None:
    home.branch("main", {"README.md": "x\n"})
    home.hub.ask("PUT", f"/repos/{home.name}/contents/.github/workflows/ring.yml", "ada", _ring())
    job = home.job(contents="write", actions="write")
    assert home.ask("POST", "/dispatches", job, {"event_type": "ring"}).status == 204
    path = "/actions/workflows/ring.yml/dispatches"
    assert home.ask("POST", path, job, {"ref": "main"}).status == 204
    assert [(item.event, item.triggers_workflows) for item in home.deliveries[-2:]] == [
        ("repository_dispatch", True),
        ("workflow_dispatch", True),
    ]
    home.ask("POST", "/git/refs", job, _ref(home))
    assert not any(item.triggers_workflows for item in home.deliveries[-2:])


def _ring() -> dict[str, str]:
    return {"message": "m", "content": base64.b64encode(WORKFLOW.encode()).decode()}


def _ref(home: Home) -> dict[str, str]:
    return {"ref": "refs/heads/by-job", "sha": home.state.git.refs["refs/heads/main"]}


def test_a_job_can_do_what_it_was_given_and_no_more(private: Home) -> None:
    private.seen_by("ada").create_issue("Idea")
    reader = private.job(contents="read")
    assert private.ask("GET", "/contents/README.md", reader).status == 200
    for method, path, body in (
        ("POST", "/git/refs", _ref(private)),
        ("GET", "/issues/1", None),
        ("POST", "/issues", {"title": "x"}),
        ("POST", "/issues/1/comments", {"body": "x"}),
        ("POST", "/issues/1/labels", ["bug"]),
        ("POST", "/releases", {"tag_name": "v1"}),
        ("POST", "/check-runs", {"name": "x", "head_sha": "0" * 40}),
        ("POST", "/dispatches", {"event_type": "x"}),
        ("GET", "/hooks", None),
        ("GET", "/actions/variables", None),
    ):
        reply = private.ask(method, path, reader, body)
        assert (path, reply.status, reply.body.get("message")) == (path, 403, REFUSED)


def test_a_jobs_token_is_good_for_one_repository(hub: Hub, private: Home, home: Home) -> None:
    job = home.job(contents="write", issues="write")
    assert private.ask("GET", "", job).status == 404
    other = hub.home()
    assert other.ask("GET", "/contents/README.md", job).status == 200
    assert other.ask("POST", "/git/refs", job, _ref(other)).status == 403


def test_nobody_is_behind_a_jobs_token(hub: Hub, home: Home) -> None:
    with pytest.raises(GithubException, match=REFUSED) as refused:
        assert hub.client(home.job()).get_user().login
    assert refused.value.status == 403
    reply = hub.graphql(home.job(), "{ viewer { login databaseId } }")
    viewer = {"login": "github-actions[bot]", "databaseId": 41898282}
    assert reply.body == {"data": {"viewer": viewer}}


def test_a_job_opens_pulls_only_where_the_setting_allows(home: Home) -> None:
    home.branch("a", {"README.md": "x\n"})
    job, body = home.job(pull_requests="write"), {"title": "t", "head": "a", "base": "main"}
    reply = home.ask("POST", "/pulls", job, body)
    message = "GitHub Actions is not permitted to create or approve pull requests."
    assert (reply.status, reply.message) == (403, message)
    setting = {"can_approve_pull_request_reviews": True}
    path = "/actions/permissions/workflow"
    assert home.ask("PUT", path, "ada", setting).status == 404
    assert home.ask("PUT", path, "boss", setting).status == 204
    assert home.ask("GET", path, "boss").body["can_approve_pull_request_reviews"] is True
    made = home.ask("POST", "/pulls", job, body)
    assert (made.status, made.body["user"]["login"]) == (201, "github-actions[bot]")
    assert home.deliveries[-1].triggers_workflows is False


def test_a_dispatch_brings_its_payload(home: Home) -> None:
    repo = home.seen_by("ada")
    assert repo.create_repository_dispatch("wandb", {"run": "a/b/c", "state": "finished"})
    told = home.deliveries[-1]
    assert (told.event, told.payload["action"]) == ("repository_dispatch", "wandb")
    assert told.payload["client_payload"] == {"run": "a/b/c", "state": "finished"}
    assert told.payload["branch"] == "main"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"event_type": "x" * 101},
        {"event_type": "x", "client_payload": {str(key): 1 for key in range(11)}},
        {"event_type": "x", "client_payload": {"big": "x" * 65_536}},
    ],
)
def test_a_dispatch_that_is_too_big_is_refused(home: Home, body: dict[str, object]) -> None:
    assert home.ask("POST", "/dispatches", "ada", body).status == 422
    assert home.ask("POST", "/dispatches", "tess", {"event_type": "x"}).status == 404
    assert home.events() == []


def test_workflows_are_switched_and_dispatched(hub: Hub) -> None:
    files = {
        ".github/workflows/ring.yml": WORKFLOW,
        ".github/workflows/ci.yml": "name: CI\non: push\njobs: {}\n",
    }
    home = hub.home(files=files)
    repo = home.seen_by("ada")
    assert {flow.name: flow.state for flow in repo.get_workflows()} == {
        "Ring": "active",
        "CI": "active",
    }
    ring = repo.get_workflow("ring.yml")
    path = ".github/workflows/ring.yml"
    assert ring.path == path
    assert hub.github.workflow_enabled(home.name, path)
    assert ring.disable()
    assert repo.get_workflow(ring.id).state == "disabled_manually"
    assert not hub.github.workflow_enabled(home.name, path)
    refused = home.ask("POST", "/actions/workflows/ring.yml/dispatches", "ada", {"ref": "main"})
    assert "disabled workflow" in refused.message
    assert ring.enable()
    assert ring.create_dispatch("main", {"reason": "now"})
    told = home.deliveries[-1].payload
    assert (told["ref"], told["workflow"], told["inputs"]) == (
        "refs/heads/main",
        path,
        {"reason": "now"},
    )
    refused = home.ask("POST", "/actions/workflows/ci.yml/dispatches", "ada", {"ref": "main"})
    assert "does not have 'workflow_dispatch' trigger" in refused.message
    assert home.ask("PUT", "/actions/workflows/ring.yml/disable", "tess").status == 404


def test_workflow_runs_are_shown_as_recorded(hub: Hub, home: Home) -> None:
    run = {
        "id": 11873,
        "name": "Labhand",
        "path": ".github/workflows/labhand.yml",
        "event": "issue_comment",
        "head_branch": "main",
        "head_sha": "0" * 40,
        "run_number": 1,
        "status": "in_progress",
        "conclusion": None,
    }
    hub.github.record_workflow_run(home.name, run)
    repo = home.seen_by("ada")
    assert repo.get_workflow_run(11873).status == "in_progress"
    hub.github.record_workflow_run(
        home.name, {**run, "status": "completed", "conclusion": "failure"}
    )
    found = repo.get_workflow_run(11873)
    assert (found.status, found.conclusion, found.event) == (
        "completed",
        "failure",
        "issue_comment",
    )
    assert found.html_url.endswith(f"/{home.name}/actions/runs/11873")
    assert [item.id for item in repo.get_workflow_runs()] == [11873]
    with pytest.raises(UnknownObjectException):
        repo.get_workflow_run(1)


def test_variables(home: Home) -> None:
    repo = home.seen_by("ada")
    repo.create_variable("labhand_queue", "local")
    assert repo.get_variable("LABHAND_QUEUE").value == "local"
    repo.get_variable("LABHAND_QUEUE").edit("other")
    assert [(item.name, item.value) for item in repo.get_variables()] == [
        ("LABHAND_QUEUE", "other")
    ]
    reply = home.ask("POST", "/actions/variables", "ada", {"name": "LABHAND_QUEUE", "value": "x"})
    assert reply.status == 409
    assert home.ask("GET", "/actions/variables/NOPE", "ada").status == 404
    assert home.ask("GET", "/actions/variables", "rita").status == 404


def test_check_runs_are_made_by_apps_alone(hub: Hub, home: Home) -> None:
    sha = home.state.git.refs["refs/heads/main"]
    body = {"name": "labhand", "head_sha": sha, "status": "in_progress"}
    reply = home.ask("POST", "/check-runs", "ada", body)
    assert (reply.status, reply.message) == (403, "You must authenticate via a GitHub App.")
    repo = hub.client(home.job(checks="write")).get_repo(home.name)
    run = repo.create_check_run("labhand", sha, status="in_progress")
    assert (run.status, run.conclusion, run.app.slug) == ("in_progress", None, "github-actions")
    run.edit(conclusion="success", output={"title": "WIN", "summary": "+0.006"})
    found = home.seen_by("rita").get_commit(sha).get_check_runs()
    assert [(item.name, item.conclusion, item.output.title) for item in found] == [
        ("labhand", "success", "WIN")
    ]
    assert home.events("check_run") == [("check_run", "created"), ("check_run", "completed")]
    assert home.ask("POST", "/check-runs", home.job(checks="read"), body).status == 403


def test_of_check_runs_with_one_name_the_latest_counts(home: Home) -> None:
    sha, job = home.state.git.refs["refs/heads/main"], home.job(checks="write")
    for conclusion in ("failure", "success"):
        body = {"name": "labhand", "head_sha": sha, "conclusion": conclusion}
        assert home.ask("POST", "/check-runs", job, body).status == 201
    shown = home.ask("GET", f"/commits/{sha}/check-runs", "ada").body
    assert [item["conclusion"] for item in shown["check_runs"]] == ["success"]
    every = home.ask("GET", "/commits/main/check-runs?filter=all", "ada").body
    assert every["total_count"] == 2
    refused = home.ask("POST", "/check-runs", job, {"name": "x", "head_sha": "0" * 40})
    assert refused.status == 422
