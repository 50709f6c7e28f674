"""Actions as the API shows it: workflows and their runs."""

from typing import Any
from urllib.parse import quote

import yaml

from bot.sandbox.github import trees
from bot.sandbox.github.automation import Workflow
from bot.sandbox.github.call import Answer, Call, Json, Refused, Routes, not_found
from bot.sandbox.github.moving import WORKFLOWS
from bot.sandbox.github.payloads import emit
from bot.sandbox.github.shapes import people, repositories
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Repository, Role, now

routes = Routes()
ACTIONS = "/repos/{owner}/{repo}/actions"
WORKFLOW = ACTIONS + "/workflows/{workflow}"


def known(site: Site, repository: Repository) -> list[Workflow]:
    """The workflow files of the default branch; each keeps its number and state."""
    git = repository.git
    folder = trees.find(git, f"{repository.default_branch}^{{tree}}", WORKFLOWS)
    for name in trees.entries(git, folder.oid) if folder else ():
        path = f"{WORKFLOWS}/{name}"
        if name.endswith((".yml", ".yaml")) and path not in repository.workflows:
            repository.workflows[path] = site.keep(Workflow(id=site.next_id(), path=path))
    return list(repository.workflows.values())


def _content(repository: Repository, workflow: Workflow) -> dict[Any, Any]:
    blob = repository.git.read(f"{repository.default_branch}:{workflow.path}")
    content = yaml.safe_load(blob.data) if blob else None
    return content if isinstance(content, dict) else {}


def _shape(repository: Repository, record: Workflow) -> Json:
    name = record.path.rpartition("/")[2]
    html = f"{repository.html_url}/blob/{repository.default_branch}/{record.path}"
    return {
        "id": record.id,
        "node_id": record.node_id,
        "name": _content(repository, record).get("name", record.path),
        "path": record.path,
        "state": record.state,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "url": f"{repository.api_url}/actions/workflows/{record.id}",
        "html_url": html,
        "badge_url": f"{repository.html_url}/actions/workflows/{quote(name)}/badge.svg",
    }


def _known(call: Call) -> Workflow:
    wanted = call.path["workflow"]
    for workflow in known(call.site, call.repository):
        if wanted in (str(workflow.id), workflow.path.rpartition("/")[2], workflow.path):
            return workflow
    raise not_found()


@routes("GET", ACTIONS + "/workflows")
def list_workflows(call: Call) -> Answer:
    """The workflow files of the default branch."""
    call.need(Role.READ, "actions")
    found = known(call.site, call.repository)
    return call.page(found, lambda item: _shape(call.repository, item), wrapped="workflows")


@routes("GET", WORKFLOW)
def get_workflow(call: Call) -> Any:
    """One workflow, by number or file name."""
    call.need(Role.READ, "actions")
    return _shape(call.repository, _known(call))


@routes("PUT", WORKFLOW + "/enable", 204)
def enable(call: Call) -> None:
    """Switch a workflow on."""
    _switch(call, "active")


@routes("PUT", WORKFLOW + "/disable", 204)
def disable(call: Call) -> None:
    """Switch a workflow off: nothing starts it then."""
    _switch(call, "disabled_manually")


def _switch(call: Call, state: str) -> None:
    call.need(Role.WRITE, "actions")
    workflow = _known(call)
    workflow.state, workflow.updated_at = state, now()


@routes("POST", WORKFLOW + "/dispatches", 204)
def dispatch(call: Call) -> None:
    """Start a workflow by hand."""
    call.need(Role.WRITE, "actions")
    workflow, ref, git = _known(call), call.text("ref"), call.repository.git
    if trees.commit(git, ref.removeprefix("refs/heads/")) is None:
        raise Refused(422, f"No ref found for: {ref}")
    content = _content(call.repository, workflow)
    triggers = content.get("on", content.get(True)) or ()  # YAML 1.1 reads `on` as a boolean
    if triggers != "workflow_dispatch" and "workflow_dispatch" not in triggers:
        raise Refused(422, "Workflow does not have 'workflow_dispatch' trigger")
    if workflow.state != "active":
        raise Refused(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow")
    full = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    emit(
        call.site,
        call.repository,
        call.actor,
        "workflow_dispatch",
        ref=full,
        workflow=workflow.path,
        inputs=call.fields.get("inputs") or {},
    )


def record_run(site: Site, repository: Repository, run: Json) -> None:
    """Show a workflow run; the same `id` again replaces what it says."""
    old = repository.workflow_runs.get(run["id"], {})
    url = f"{repository.api_url}/actions/runs/{run['id']}"
    path = run.get("path", "")
    ends = ("jobs", "logs", "artifacts", "cancel", "rerun")
    number = {flow.path: flow.id for flow in known(site, repository)}.get(path, 0)
    shown = repositories.repository(repository)
    repository.workflow_runs[run["id"]] = {
        "node_id": f"WFR_kwDO{run['id']}",
        "path": path,
        "run_attempt": 1,
        "run_number": old.get("run_number", len(repository.workflow_runs) + 1),
        "event": "workflow_dispatch",
        "status": "queued",
        "conclusion": None,
        "head_branch": repository.default_branch,
        "head_sha": repository.git.refs.get(f"refs/heads/{repository.default_branch}", ""),
        "display_title": run.get("name") or path,
        "actor": people.user(site.actions),
        "triggering_actor": people.user(site.actions),
        "url": url,
        "html_url": f"{repository.html_url}/actions/runs/{run['id']}",
        **{f"{end}_url": f"{url}/{end}" for end in ends},
        "check_suite_url": f"{repository.api_url}/check-suites/{repository.id}",
        "workflow_id": number,
        "workflow_url": f"{repository.api_url}/actions/workflows/{number}",
        "pull_requests": [],
        "head_commit": None,
        "created_at": old.get("created_at", now()),
        "run_started_at": old.get("created_at", now()),
        "updated_at": now(),
        "repository": shown,
        "head_repository": shown,
        **run,
    }


@routes("GET", ACTIONS + "/runs")
def list_runs(call: Call) -> Answer:
    """The workflow runs, newest first, by event and status."""
    call.need(Role.READ, "actions")
    wanted = {name: call.query[name] for name in ("event", "status") if name in call.query}
    runs = [
        run
        for run in call.repository.workflow_runs.values()
        if all(value in (run.get(name), run.get("conclusion")) for name, value in wanted.items())
    ]
    return call.page(reversed(runs), dict, wrapped="workflow_runs")


@routes("GET", ACTIONS + "/runs/{run}")
def get_run(call: Call) -> Any:
    """One workflow run."""
    call.need(Role.READ, "actions")
    found = call.repository.workflow_runs.get(call.number("run"))
    if found is None:
        raise not_found()
    return found


@routes("GET", ACTIONS + "/permissions/workflow")
def get_job_rights(call: Call) -> Any:
    """What jobs may do that ask for nothing, and whether they may open pull requests."""
    call.need(Role.ADMIN)
    allowed = call.repository.actions_can_create_pull_requests
    return {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": allowed}


@routes("PUT", ACTIONS + "/permissions/workflow", 204)
def set_job_rights(call: Call) -> None:
    """Let jobs open pull requests, or not."""
    call.need(Role.ADMIN)
    allowed = call.fields.get("can_approve_pull_request_reviews")
    if isinstance(allowed, bool):
        call.repository.actions_can_create_pull_requests = allowed
