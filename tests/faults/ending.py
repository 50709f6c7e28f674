"""How things stand once all is over: what everybody can see, and what it took."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.book import CONTENTS
from bot.sandbox.github import Issue, Pull
from tests.faults.stage import BOOK, NAME, Stage

TROUBLE = "<!-- labhand:trouble:"
VOLATILE = {
    r"actions/runs/\d+": "actions/runs/0",
    r"\b30\d{5}\b": "0",
    r"\b1\d{9}(\.\d+)?\b": "0",
    r"\b20\d\d-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?": "then",
    r"\b(\d{1,2} [A-Z][a-z]+ 20\d\d, )?\d\d:\d\d(?= UTC|, all queued|, finished| \|)": "then",
    r'(?<=check\\": \\")[0-9a-f]{12}': "0",
    r"UnVuUXVldWVJdGVt\w+=*": "item",
}
"""Workflow runs, ids, times, and what is computed from them: they may differ."""

GOING_ON = ("edited while they train", "⏳ queued", "⏳ being queued", "🏃", "⏸")
"""What a progress comment says before its attempt has ended."""


@dataclass(frozen=True)
class Ending:
    """How a plan has ended.

    Attributes:
        seen: everything that people and the next job can see.
        trainings: how often training was started, by the run's id.
        told: how many comments say that something did not go through.
    """

    seen: dict[str, Any]
    trainings: dict[str, int]
    told: int


def ending(at: Stage) -> Ending:
    """How it stands now."""
    threads = at.github.repository(NAME).threads.values()
    return Ending(
        seen=state(at),
        trainings={
            run: times for (_, _, run), times in at.wandb.starts.items() if run.startswith("lh-")
        },
        told=sum(TROUBLE in (c.body or "") for thread in threads for c in thread.comments),
    )


def unfinished(seen: Mapping[str, Any]) -> list[str]:
    """Whatever says that something is still going on."""
    book = {path: json.loads(text) for path, text in seen["book"].items() if "/open/" in path}
    held = [path for path, experiment in book.items() if experiment.get("intention")]
    comments = [said for *_, thread in seen["threads"].values() for _, said, _ in thread]
    going_on = [said for said in comments if any(word in said for word in GOING_ON)]
    return [*held, *going_on, *(r for r in seen["runs"].values() if r in ("pending", "running"))]


def state(at: Stage) -> dict[str, Any]:
    """Everything that people and the next job can see, but for the reaction to a command.

    A commit goes by its tree and its message, as its own name depends on the time; a run by its
    place in the lab book, whose list of contents counts the decisions. What says that GitHub or W&B
    did not answer is left out.
    """
    repository = at.github.repository(NAME)
    git = repository.git
    seen = {
        "book": {path: text for path, text in at.book.items() if path != CONTENTS},
        "threads": {n: _thread(thread) for n, thread in repository.threads.items()},
        "history": {
            ref: git.lines("log", "--format=%T %an %s%n%b", ref) for ref in git.refs if ref != BOOK
        },
        "releases": [
            (r.tag_name, r.name, r.body, r.draft, [(a.name, a.content.decode()) for a in r.assets])
            for r in repository.releases.values()
        ],
        "schedule": at.github.workflow_enabled(NAME, ".github/workflows/ring.yml"),
        "runs": {r.id: r.state for r in at.wandb.runs("digits") if r.id.startswith("lh-")},
    }
    text = json.dumps(seen)
    for line in git.lines("log", f"--exclude={BOOK}", "--all", "--format=%H %T %s"):
        commit, _, name = line.partition(" ")
        text = text.replace(commit, name).replace(commit[:7], name)
    for place, run in enumerate(dict.fromkeys(re.findall(r"lh-[0-9a-f]{12}", text))):
        text = text.replace(run, f"lh-{place}")
    for pattern, name in VOLATILE.items():
        text = re.sub(pattern, name, text)
    return dict(json.loads(text))


def _thread(thread: Issue) -> tuple[Any, ...]:
    said = [
        (c.author.login, c.body, c.minimized_reason)
        for c in thread.comments
        if TROUBLE not in (c.body or "")
    ]
    pull = (thread.draft, bool(thread.merged_at)) if isinstance(thread, Pull) else None
    return thread.title, thread.body, thread.state, pull, said
