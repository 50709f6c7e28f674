"""Commit statuses: the older kind of check, which anybody who may write can report."""

from typing import Any

from bot.sandbox.github import trees
from bot.sandbox.github.automation import Status
from bot.sandbox.github.call import Answer, Call, Json, Refused, Routes, invalid
from bot.sandbox.github.payloads import emit
from bot.sandbox.github.shapes import commits, people, repositories
from bot.sandbox.github.state import Repository, Role

routes = Routes()
STATES = ("error", "failure", "pending", "success")
MOST = 1000  # statuses of one commit and context
DEFAULT_CONTEXT = "default"


def shape(repository: Repository, record: Status) -> Json:
    """A commit status as it stands in the combined one."""
    return {
        "url": f"{repository.api_url}/statuses/{record.head_sha}",
        "avatar_url": people.user(record.creator)["avatar_url"],
        "id": record.id,
        "node_id": record.node_id,
        "state": record.state,
        "description": record.description,
        "target_url": record.target_url,
        "context": record.context,
        "created_at": record.created_at,
        "updated_at": record.created_at,
    }


def full_shape(repository: Repository, record: Status) -> Json:
    """A commit status with who reported it."""
    return {**shape(repository, record), "creator": people.user(record.creator)}


@routes("POST", "/repos/{owner}/{repo}/statuses/{sha}", 201)
def create(call: Call) -> Any:
    """Report on a commit; the latest of a context counts."""
    call.need(Role.WRITE, "statuses")
    repository, sha, state = call.repository, call.path["sha"], call.text("state")
    found = repository.git.read(sha)
    if found is None or found.kind != "commit":
        raise Refused(422, f"No commit found for SHA: {sha}")
    if state not in STATES:
        raise invalid("Status", "state", "custom", "state is not included in the list")
    status = Status(
        id=call.site.next_id(),
        head_sha=found.oid,
        creator=call.user,
        context=call.text("context", DEFAULT_CONTEXT),
        state=state,
        description=call.optional("description"),
        target_url=call.optional("target_url"),
    )
    if len([one for one in _of(repository, found.oid) if one.context == status.context]) >= MOST:
        message = "This SHA and context has reached the maximum number of statuses."
        raise invalid("Status", None, "custom", message)
    repository.statuses.append(call.site.keep(status))
    _tell(call, status)
    return full_shape(repository, status)


def _tell(call: Call, status: Status) -> None:
    repository, sha = call.repository, status.head_sha
    record = trees.commit(repository.git, sha)
    assert record
    tips = [ref for ref, oid in repository.git.refs.items() if oid == sha]
    link = {"sha": sha, "url": f"{repository.api_url}/commits/{sha}"}
    emit(
        call.site,
        repository,
        call.actor,
        "status",
        **{name: shape(repository, status)[name] for name in ("id", "avatar_url", "state")},
        sha=sha,
        name=repository.full_name,
        context=status.context,
        description=status.description,
        target_url=status.target_url,
        commit=commits.commit(call.site, repository, record),
        branches=[
            {"name": ref[11:], "commit": link, "protected": ref[11:] in repository.protections}
            for ref in tips
            if ref.startswith("refs/heads/")
        ],
        created_at=status.created_at,
        updated_at=status.created_at,
    )


@routes("GET", "/repos/{owner}/{repo}/commits/{ref:path}/statuses")
@routes("GET", "/repos/{owner}/{repo}/statuses/{ref:path}")  # the old address, not documented
def list_for_ref(call: Call) -> Answer:
    """Every status of a commit, latest first."""
    found = _of(call.repository, _sha(call))
    return call.page(reversed(found), lambda status: full_shape(call.repository, status))


@routes("GET", "/repos/{owner}/{repo}/commits/{ref:path}/status")
def combine(call: Call) -> Any:
    """The latest status of each context, and all of them as one word."""
    repository, sha = call.repository, _sha(call)
    latest = {status.context: status for status in _of(repository, sha)}
    states = {status.state for status in latest.values()}
    return {
        "state": _combined(states),
        "statuses": [shape(repository, status) for status in latest.values()],
        "sha": sha,
        "total_count": len(latest),
        "repository": repositories.repository(repository),
        "commit_url": f"{repository.api_url}/commits/{sha}",
        "url": f"{repository.api_url}/commits/{sha}/status",
    }


def _combined(states: set[str]) -> str:
    if states & {"error", "failure"}:
        return "failure"
    return "success" if states == {"success"} else "pending"  # also where nothing was reported


def _sha(call: Call) -> str:
    call.need(Role.READ, "statuses")
    found = trees.commit(call.repository.git, call.path["ref"])
    if found is None:
        raise Refused(422, f"No commit found for SHA: {call.path['ref']}")
    return found.oid


def _of(repository: Repository, sha: str) -> list[Status]:
    return [status for status in repository.statuses if status.head_sha == sha]
