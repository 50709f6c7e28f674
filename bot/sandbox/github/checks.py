"""Check runs, which only apps may make."""

from typing import Any

from bot.sandbox.github import trees
from bot.sandbox.github.automation import CheckRun
from bot.sandbox.github.call import Answer, Call, Json, Refused, Routes, not_found
from bot.sandbox.github.payloads import emit
from bot.sandbox.github.shapes import commits, people, repositories
from bot.sandbox.github.state import Pull, Repository, Role, now
from bot.sandbox.github.trees import Commit

routes = Routes()
RUNS = "/repos/{owner}/{repo}/check-runs"
SETTABLE = ("name", "details_url", "external_id", "status", "conclusion", "started_at")
# Of several, a suite has the first of these.
WORST = (
    *("failure", "timed_out", "action_required", "cancelled", "stale", "success", "neutral"),
    "skipped",
)


def shape(repository: Repository, record: CheckRun) -> Json:
    """A check run."""
    url, fields = f"{repository.api_url}/check-runs/{record.id}", record.fields
    html = f"{repository.html_url}/runs/{record.id}"
    output = fields.get("output") or {}
    pulls = [
        pull
        for pull in repository.pulls.values()
        if pull.head_sha == record.head_sha and pull.head_repository is repository
    ]
    return {
        "id": record.id,
        "name": fields["name"],
        "node_id": record.node_id,
        "head_sha": record.head_sha,
        "external_id": fields.get("external_id", ""),
        "url": url,
        "html_url": html,
        "details_url": fields.get("details_url", html),
        "status": fields.get("status", "queued"),
        "conclusion": fields.get("conclusion"),
        "started_at": fields.get("started_at", record.created_at),
        "completed_at": fields.get("completed_at"),
        "output": {
            "title": output.get("title"),
            "summary": output.get("summary"),
            "text": output.get("text"),
            "annotations_count": len(output.get("annotations") or []),
            "annotations_url": f"{url}/annotations",
        },
        "check_suite": {"id": suite_of(repository, record)[0].id},
        "app": people.app(record.app),
        "pull_requests": [_pull(repository, pull) for pull in pulls],
    }


def _pull(repository: Repository, pull: Pull) -> Json:
    """A PR as a check run names it."""
    home = {"id": repository.id, "url": repository.api_url, "name": repository.name}
    return {
        "id": pull.id,
        "number": pull.number,
        "url": f"{repository.api_url}/pulls/{pull.number}",
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": home},
        "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": home},
    }


def suite_of(repository: Repository, record: CheckRun) -> list[CheckRun]:
    """All check runs of one app on one commit; the first one's number is also the suite's."""
    found = [
        run
        for run in repository.check_runs.values()
        if run.head_sha == record.head_sha and run.app is record.app
    ]
    return found or [record]


@routes("POST", RUNS, 201)
def create(call: Call) -> Any:
    """Start a check run on a commit."""
    _need_app(call)
    sha = call.text("head_sha")
    found = call.repository.git.read(sha)
    if found is None or found.kind != "commit":
        raise Refused(422, f"No commit found for SHA: {sha}")
    fields: Json = {"name": call.text("name")}
    run = CheckRun(id=call.site.next_id(), head_sha=sha, app=call.user, fields=fields)
    _set(call, run)
    call.repository.check_runs[run.id] = call.site.keep(run)
    _tell(call, run, "created")
    return shape(call.repository, run)


@routes("PATCH", RUNS + "/{run}")
def update(call: Call) -> Any:
    """Change a check run; only the app that made it may."""
    _need_app(call)
    run = _known(call)
    if run.app is not call.user:
        raise Refused(403, "Invalid app_id")
    was = run.fields.get("status")
    _set(call, run)
    done = run.fields.get("status") == "completed" != was
    _tell(call, run, "completed" if done else "rerequested")
    return shape(call.repository, run)


@routes("GET", RUNS + "/{run}")
def get(call: Call) -> Any:
    """One check run."""
    call.need(Role.READ, "checks")
    return shape(call.repository, _known(call))


@routes("GET", "/repos/{owner}/{repo}/commits/{ref:path}/check-runs")
def list_for_ref(call: Call) -> Answer:
    """The check runs on a commit; of each name the latest, unless `filter=all`."""
    call.need(Role.READ, "checks")
    ref, query, repository = call.path["ref"], call.query, call.repository
    found = trees.commit(repository.git, ref)
    if found is None:
        raise Refused(422, f"No commit found for SHA: {ref}")
    runs = [run for run in repository.check_runs.values() if run.head_sha == found.oid]
    if query.get("filter", "latest") == "latest":
        runs = list({(run.fields["name"], run.app.id): run for run in runs}.values())
    for name in ("check_name", "status"):
        if wanted := query.get(name):
            key = name.removeprefix("check_")
            runs = [run for run in runs if run.fields.get(key, "queued") == wanted]
    return call.page(reversed(runs), lambda run: shape(repository, run), wrapped="check_runs")


@routes("GET", "/repos/{owner}/{repo}/commits/{ref:path}/check-suites")
def list_suites(call: Call) -> Answer:
    """The check suites on a commit: what each app reports, as a whole."""
    call.need(Role.READ, "checks")
    ref, repository = call.path["ref"], call.repository
    found = trees.commit(repository.git, ref)
    if found is None:
        raise Refused(422, f"No commit found for SHA: {ref}")
    runs = [run for run in repository.check_runs.values() if run.head_sha == found.oid]
    suites = {run.app: suite_of(repository, run) for run in runs}
    return call.page(
        suites.values(), lambda suite: _suite(repository, suite, found), wrapped="check_suites"
    )


def _suite(repository: Repository, runs: list[CheckRun], head: Commit) -> Json:
    latest = {run.fields["name"]: run for run in runs}.values()
    conclusions = {run.fields.get("conclusion") for run in latest}
    done = None not in conclusions
    url = f"{repository.api_url}/check-suites/{runs[0].id}"
    branches = (ref[11:] for ref, oid in repository.git.refs.items() if oid == head.oid)
    return {
        "id": runs[0].id,
        "node_id": runs[0].node_id,
        "head_branch": next(branches, None),
        "head_sha": head.oid,
        "status": "completed" if done else "in_progress",
        "conclusion": next(word for word in WORST if word in conclusions) if done else None,
        "url": url,
        "before": head.parents[0] if head.parents else None,
        "after": head.oid,
        "pull_requests": shape(repository, runs[0])["pull_requests"],
        "app": people.app(runs[0].app),
        "repository": repositories.repository(repository),
        "created_at": runs[0].created_at,
        "updated_at": runs[-1].created_at,
        "head_commit": commits.short_commit(head),
        "latest_check_runs_count": len(latest),
        "check_runs_url": f"{url}/check-runs",
    }


def _need_app(call: Call) -> None:
    call.need(Role.WRITE, "checks")
    if not call.actor.is_app:
        raise Refused(403, "You must authenticate via a GitHub App.")


def _known(call: Call) -> CheckRun:
    found = call.repository.check_runs.get(call.number("run"))
    if found is None:
        raise not_found()
    return found


def _set(call: Call, run: CheckRun) -> None:
    sent, fields = call.fields, run.fields
    fields.update({name: call.text(name) for name in SETTABLE if sent.get(name) is not None})
    fields["output"] = {**fields.get("output", {}), **(sent.get("output") or {})}
    conclusion = fields.get("conclusion")
    if conclusion:
        if conclusion not in WORST:
            raise Refused(422, f"Invalid request.\n\n{conclusion} is not a member of conclusion.")
        fields["status"] = "completed"
        fields["completed_at"] = call.optional("completed_at") or now()
    elif fields.get("status") == "completed":
        raise Refused(422, 'Invalid request.\n\n"conclusion" wasn\'t supplied.')


def _tell(call: Call, run: CheckRun, action: str) -> None:
    shown = shape(call.repository, run)
    emit(call.site, call.repository, call.actor, "check_run", action=action, check_run=shown)
