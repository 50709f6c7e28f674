"""Events, put together as webhooks bring them."""

from typing import Any

from bot.sandbox.github.auth import Actor
from bot.sandbox.github.events import Delivery
from bot.sandbox.github.shapes import people, pulls, repositories, threads
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Issue, Pull, Repository

# Everything else that a job's own token does starts no workflow.
TRIGGERING = {"workflow_dispatch", "repository_dispatch"}


def emit(site: Site, repository: Repository, actor: Actor, event: str, **content: Any) -> None:
    """Tell the listeners that something happened, when the lock is open again."""
    assert actor.user
    payload = {**content, "repository": repositories.repository(repository)}
    if repository.owner.kind == "Organization":
        payload["organization"] = people.organization(repository.owner)
    payload["sender"] = people.user(actor.user)
    triggers = not actor.is_job or event in TRIGGERING
    site.outbox.put(Delivery(event, payload, repository.full_name, triggers))


def tell_thread(site: Site, actor: Actor, issue: Issue, action: str, **more: Any) -> None:
    """Say what happened to an issue or a pull request."""
    if isinstance(issue, Pull):
        tell_pull(site, actor, issue, action, **more)
    else:
        content = {"action": action, "issue": threads.issue(issue), **more}
        emit(site, issue.repository, actor, "issues", **content)


def tell_pull(site: Site, actor: Actor, pull: Pull, action: str, **more: Any) -> None:
    """Say what happened to a pull request."""
    content = {"action": action, "number": pull.number, "pull_request": pulls.full_pull(pull)}
    emit(site, pull.repository, actor, "pull_request", **content, **more)
