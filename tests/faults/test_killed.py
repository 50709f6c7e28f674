"""The real bot is killed behind each single write: a ring later all is as if undisturbed."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.faults import Fault
from bot.sandbox.github import Issue, Pull
from tests.faults.stage import NAME, Stage, stage
from tests.zygote import Zygote

pytestmark = [pytest.mark.alone, pytest.mark.slow, pytest.mark.timeout(1500)]
BOOK = "refs/heads/labbook"
STARTED_BEFORE = 7
"""The trainer's exit code when another process has the run already."""


@dataclass(frozen=True)
class End:
    """What there is in the end, once a job was killed and another rang.

    Attributes:
        behind: the write behind which it was killed; empty if it was not.
        seen: everything that people and the next job can see.
        queued: what waits in the queue.
    """

    behind: str
    seen: dict[str, Any]
    queued: list[dict[str, Any]]


@dataclass(frozen=True)
class Story:
    """A job that is killed, and how it comes to it.

    Attributes:
        begin: what happens before.
        act: the job; returns its exit code.
        writes: some of what it writes.
    """

    begin: Callable[[Stage], None]
    act: Callable[[Stage], int]
    writes: tuple[str, ...]


def measured(at: Stage) -> int:
    """A baseline is released, and there is an idea with its PR; return the PR's number."""
    place = at.ada.opens_issue("Measure the baseline", "The first one.")
    at.ada.writes(place, "/baseline seeds=3")
    at.respond("issue_comment")
    at.agent.finish()
    at.ring()
    at.ada.fills_form("Learn faster", {"what": "A larger rate.", "overrides": "lr=0.03"})
    at.respond("issues")
    return max(at.github.repository(NAME).pulls)


def asked_to_launch(at: Stage) -> None:
    """Somebody has written `/launch`."""
    at.ada.writes(measured(at), "/launch")


def confirmed(at: Stage) -> None:
    """A winner was confirmed on held-out seeds; another PR has its report."""
    winner = measured(at)
    edit = ("conf.yaml", "lr: 0.01", "lr: 0.02")
    other = at.ada.opens_pull(at.root / "ada", "slower", "A little faster", "By hand.", edit)
    for pull in (winner, other):
        at.ada.writes(pull, "/launch")
        at.respond("issue_comment")
    at.agent.finish()
    at.ring()
    at.ada.writes(winner, "/merge")
    at.respond("issue_comment")
    at.agent.finish()


STORIES = {
    "launch": Story(
        asked_to_launch,
        lambda at: at.respond("issue_comment"),
        ("createCommitOnBranch", "commitArtifact", "pushToRunQueueByName", "/comments"),
    ),
    "merge": Story(
        confirmed,
        Stage.ring,
        ("markPullRequestReadyForReview", "/merge", "/releases", "/assets", "/comments"),
    ),
}


def played(story: Story, root: Path, zygote: Zygote) -> list[End]:
    """Play a story undisturbed, then killed behind its first write, its second, and so on."""
    with stage(root, zygote) as at:
        story.begin(at)
        at.keep()
        ends = []
        for cut_after in count():
            at.restore()
            cut = Fault(on="write", skip=max(cut_after - 1, 0), cut="after", kill=True)
            with at.mood([cut] if cut_after else []):
                story.act(at)
            behind = "".join(struck.what for struck in at.faults.log)
            at.faults.reset()
            at.ring()
            ends.append(End(behind, state(at), at.agent.take()))
            if cut_after and not behind:
                return ends
    raise AssertionError("it is killed for ever")


def state(at: Stage) -> dict[str, Any]:
    """Everything that people and the next job can see, but for the reaction to a command.

    A commit goes by its tree and its message, as its own name depends on the time.
    """
    repository = at.github.repository(NAME)
    git = repository.git
    seen = {
        "threads": {n: _thread(thread) for n, thread in repository.threads.items()},
        "book": {
            path: git.run("show", f"{BOOK}:{path}").decode()
            for path in git.lines("ls-tree", "-r", "--name-only", BOOK)
        },
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
    text = re.sub(r"actions/runs/\d+", "actions/runs/N", text)
    text = re.sub(r'(asked_at|progress_id|report_id)\\": [\d.]+', r'\1\\": N', text)
    return dict(json.loads(text))


def _thread(thread: Issue) -> tuple[Any, ...]:
    said = [(c.author.login, c.body, c.minimized_reason) for c in thread.comments]
    pull = (thread.draft, bool(thread.merged_at)) if isinstance(thread, Pull) else None
    return thread.title, thread.body, thread.state, pull, said


@pytest.fixture(scope="module")
def stories(
    tmp_path_factory: pytest.TempPathFactory, zygote: Zygote
) -> Iterator[dict[str, Future[list[End]]]]:
    """Both stories at once: each is a row of processes, one after the other."""
    with ThreadPoolExecutor(len(STORIES)) as pool:
        yield {
            name: pool.submit(played, story, tmp_path_factory.mktemp(name), zygote)
            for name, story in STORIES.items()
        }


@pytest.mark.parametrize("name", STORIES)
def test_killed_behind_each_write(name: str, stories: dict[str, Future[list[End]]]) -> None:
    undisturbed, *ends = stories[name].result()
    for number, end in enumerate(ends, 1):
        cut = f"killed behind write {number}: {end.behind}"
        assert end.seen == undisturbed.seen, cut
        # An item may wait twice, and says the same then.
        assert different(end.queued) == different(undisturbed.queued), cut
    for write in STORIES[name].writes:
        assert any(write in end.behind for end in ends), write


def different(queued: list[dict[str, Any]]) -> set[str]:
    return {json.dumps(spec, sort_keys=True) for spec in queued}


def test_an_item_that_waits_twice_is_trained_once(
    stories: dict[str, Future[list[End]]], tmp_path: Path, zygote: Zygote
) -> None:
    """The real trainer is started for each; `lr` is no setting of its, so that it ends early."""
    queued = max((end.queued for end in stories["launch"].result()), key=len)
    runs = {spec["run_id"] for spec in queued}
    assert len(queued) > len(runs)
    with stage(tmp_path, zygote) as at:
        codes = [(spec["run_id"], at.agent.start(spec, tmp_path)) for spec in queued]
        begun = [run for run, code in codes if code != STARTED_BEFORE]
        assert sorted(begun) == sorted(runs)
        assert sorted(at.wandb.starts.values()) == [1] * len(runs)
