"""Who put a label on an issue, and who took it off."""

from dataclasses import dataclass

from bot.sandbox.github.auth import Actor
from bot.sandbox.github.call import Answer, Call, Json, Routes
from bot.sandbox.github.payloads import tell_thread
from bot.sandbox.github.shapes import people, threads
from bot.sandbox.github.site import Site
from bot.sandbox.github.state import Issue, Label, Record, Repository, Role, User

routes = Routes()


@dataclass(eq=False, kw_only=True)
class Labelling(Record):
    """A label that was put on a thread (`labeled`) or taken off it (`unlabeled`)."""

    prefix = "LE"
    actor: User
    event: str
    name: str
    color: str


def note(site: Site, actor: Actor, issue: Issue, event: str, label: Label) -> None:
    """Remember who did it and say so."""
    assert actor.user
    made = Labelling(
        id=site.next_id(), actor=actor.user, event=event, name=label.name, color=label.color
    )
    issue.labellings.append(made)
    tell_thread(site, actor, issue, event, label=threads.label(issue.repository, label))


def _shape(repository: Repository, record: Labelling) -> Json:
    return {
        "id": record.id,
        "node_id": record.node_id,
        "url": f"{repository.api_url}/issues/events/{record.id}",
        "actor": people.user(record.actor),
        "event": record.event,
        "commit_id": None,
        "commit_url": None,
        "created_at": record.created_at,
        "label": {"name": record.name, "color": record.color},
        "performed_via_github_app": None,
    }


@routes("GET", "/repos/{owner}/{repo}/issues/{number}/events")
def list_events(call: Call) -> Answer:
    """What happened to a thread, oldest first; of GitHub's many events those of labels."""
    call.need(Role.READ, "issues", "pull-requests")
    return call.page(call.issue.labellings, lambda record: _shape(call.repository, record))
