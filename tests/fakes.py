"""The fakes: GitHub, W&B, a model and a clock in memory, behind the ports.

`tests/contract` runs the same tests against the fake forge and against the real client, so that
the fake stays honest. `Cut` stands for a job that is killed right behind one of its writes.
"""

import functools
import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Concatenate, ParamSpec, TypeVar

from bot import config as configuration
from bot.config import Config, Role
from bot.core import book as books
from bot.core.attempt import RunState
from bot.core.cost import Tokens
from bot.core.ledger import Ledger
from bot.core.queue import Agent, Queued, QueueItem
from bot.core.runs import ObservedRun, Point
from bot.environment import Environment
from bot.errors import UserError
from bot.ports import (
    Change,
    CheckState,
    Failure,
    FileChange,
    Issue,
    Launch,
    Outage,
    Pull,
    Stale,
    Workspace,
    World,
    Written,
)

P = ParamSpec("P")
R = TypeVar("R")
CONFIG = """
version: 1
metric: {name: val/acc, goal: maximize, value: last, min_effect: 0.002}
guards:
  train/minutes: {goal: minimize, limit: 50%}
train:
  command: python -m trainer {overrides} seed={seed}
  config: conf.yaml
seeds: {experiment: 3, baseline: 6, held_out: [101, 102, 103], looks: 2, canary: 0}
judge: {paths: [judge/**]}
wandb: {entity: acme, project: digits}
queues: {local: {}}
"""
SETTINGS = "lr: 0.01 # learning rate\nmodel:\n  width: 64\n"


class Cut(BaseException):
    """The job was killed."""


@dataclass
class Scissors:
    """Counts writes over all fakes, and kills the job behind one of them."""

    after: int | None = None
    writes: int = 0
    dead: bool = False
    outages: dict[str, int] = field(default_factory=dict)
    """Write to how many times it fails before it works."""
    outage: type[Outage] = Outage
    """How it fails."""
    refusals: dict[str, str] = field(default_factory=dict)
    """Write to why the service refuses it."""
    lost: dict[str, int] = field(default_factory=dict)
    """Write to how many times it works and its answer is lost."""

    def mend(self) -> None:
        """A new job begins."""
        self.after, self.writes, self.dead = None, 0, False


def write(method: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Any, P], R]:
    """A method that changes the world."""

    @functools.wraps(method)
    def wrapped(self: Any, *args: P.args, **kwargs: P.kwargs) -> R:
        scissors: Scissors = self.scissors
        if scissors.dead:
            raise Cut
        if scissors.outages.get(method.__name__, 0):
            scissors.outages[method.__name__] -= 1
            raise scissors.outage(f"{method.__name__}: 500")
        if why := scissors.refusals.get(method.__name__):
            raise UserError(why)
        result = method(self, *args, **kwargs)
        if scissors.lost.get(method.__name__, 0):
            scissors.lost[method.__name__] -= 1
            raise Outage(f"{method.__name__}: the connection was cut")
        scissors.writes += 1
        if scissors.writes == scissors.after:
            scissors.dead = True
            raise Cut
        return result

    return wrapped


@dataclass
class Comment:
    """A comment that the bot wrote."""

    id: int
    place: int
    key: str
    body: str
    minimized: bool = False
    edits: int = 0


class FakeForge:
    """One repository of GitHub."""

    default_branch = "main"
    is_private = False

    def __init__(self, scissors: Scissors, files: Mapping[str, str]) -> None:
        self.scissors = scissors
        self.roles: dict[str, Role] = {"ada": "maintain", "grace": "write", "linus": "read"}
        self.commits: dict[str, tuple[str | None, dict[str, str]]] = {}
        self.branches: dict[str, str] = {}
        self.issues: dict[int, Issue] = {}
        self.closed: set[int] = set()
        self.pulls: dict[int, Pull] = {}
        self.bodies: dict[int, str] = {}
        self.comments: list[Comment] = []
        self.reactions: list[tuple[int, str]] = []
        self.releases: dict[str, tuple[str, str, str]] = {}
        self.labels: dict[str, str] = {}
        self.checks: dict[str, tuple[str, str, str]] = {}
        self.others_checks: dict[tuple[str, str], CheckState] = {}
        """Commit and name to the state of a check that somebody else made."""
        self.pull_listings = 0
        """Commit to what its check says: state, title, summary."""
        self.book: dict[str, str] = {}
        self.log: list[str] = []
        self.overtaken: dict[str, str] = {}
        """Branch to where it pointed when the command was written, if it has moved since."""
        self.written: list[tuple[str, str]] = []
        """Who commented what within the last hour."""
        self.opened: dict[str, int] = {}
        self.pinned: list[int] = []
        self.rewritten = 0
        """How often the text of an issue was replaced."""
        self.own_run = 1
        self.live: set[int] = set()
        """Other workflow runs that have not ended."""
        self.schedule = False
        self.branches["main"] = self._store(None, dict(files))

    def _store(self, parent: str | None, files: dict[str, str]) -> str:
        content = json.dumps([parent, files], sort_keys=True).encode()
        sha = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        self.commits[sha] = (parent, files)
        return sha

    def _ancestors(self, commit: str | None) -> Iterator[str]:
        while commit:
            yield commit
            commit = self.commits[commit][0]

    def add_issue(self, title: str, body: str = "", author: str = "ada") -> int:
        """Somebody opens an issue."""
        number = len(self.issues) + len(self.pulls) + 1
        self.issues[number] = Issue(number, title, body, author)
        return number

    def push(self, branch: str, files: Mapping[str, str]) -> str:
        """Somebody pushes to a branch, which starts at the default branch."""
        parent = self.branches.get(branch, self.branches["main"])
        self.branches[branch] = self._store(parent, {**self.commits[parent][1], **files})
        return self.branches[branch]

    def add_pull(self, branch: str, title: str, author: str, *, is_fork: bool = False) -> int:
        """Somebody opens a PR by hand."""
        number = len(self.issues) + len(self.pulls) + 1
        self.pulls[number] = Pull(
            number=number,
            title=title,
            author=author,
            branch=branch,
            head=self.branches[branch],
            base_branch="main",
            is_open=True,
            is_draft=False,
            is_fork=is_fork,
            merge_commit=None,
        )
        return number

    def said_at(self, place: int) -> list[Comment]:
        """The bot's comments at an issue or PR."""
        return [c for c in self.comments if c.place == place]

    def role(self, login: str) -> Role:
        return self.roles.get(login, "none")

    def issue(self, number: int) -> Issue:
        if number in self.pulls:
            pull = self.pulls[number]
            return Issue(number, pull.title, "", pull.author, is_pull=True)
        if number not in self.issues:
            raise UserError(f"There is no issue #{number}.")
        return self.issues[number]

    def pull(self, number: int) -> Pull:
        pull = self.pulls[number]
        return replace(pull, head=self.branches[pull.branch]) if pull.is_open else pull

    def file(self, path: str, ref: str) -> str | None:
        ref = self.default_branch if ref == "HEAD" else ref
        return self.commits[self.branches.get(ref, ref)][1].get(path)

    def head(self, branch: str) -> str | None:
        return self.branches.get(branch)

    def compare(self, base: str, head: str) -> Change:
        seen = set(self._ancestors(base))
        common = next(c for c in self._ancestors(head) if c in seen)
        before, after = self.commits[common][1], self.commits[head][1]
        paths = sorted(p for p in {*before, *after} if before.get(p) != after.get(p))
        return Change(common, tuple(FileChange(p, 1, int(p in before)) for p in paths))

    def tree(self, commit: str) -> str:
        return json.dumps(self.commits[commit][1], sort_keys=True)

    def blobs(self, commit: str) -> Mapping[str, str]:
        files = self.commits[commit][1]
        return {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}

    @write
    def create_label(self, name: str, color: str, description: str) -> bool:
        del description
        missing = name not in self.labels
        self.labels[name] = color
        return missing

    @write
    def create_branch(self, name: str, commit: str) -> str:
        return self.branches.setdefault(name, commit)

    @write
    def commit(
        self, branch: str, parent: str, message: str, files: Mapping[str, str | None]
    ) -> str:
        if self.branches[branch] != parent:
            raise Stale(branch)
        self.log.append(message)
        merged = {**self.commits[parent][1], **files}
        self.branches[branch] = self._store(
            parent, {path: text for path, text in merged.items() if text is not None}
        )
        return self.branches[branch]

    @write
    def open_pull(self, branch: str, title: str, body: str, assignee: str) -> int:
        for pull in self.pulls.values():
            if pull.branch == branch and pull.is_open:
                return pull.number
        number = self.add_pull(branch, title, "labhand[bot]")
        self.pulls[number] = replace(self.pulls[number], is_draft=True)
        self.bodies[number] = f"{body}\nassigned to {assignee}"
        return number

    @write
    def merge(self, pull: int, head: str, method: str, title: str, message: str) -> str:
        found = self.pull(pull)
        if found.merge_commit:
            return found.merge_commit
        if found.head != head:
            raise UserError("The head of this PR moved.")
        commit = self._store(self.branches["main"], dict(self.commits[head][1]))
        self.branches["main"] = commit
        self.log.append(f"{method}: {title}\n\n{message}")
        self.pulls[pull] = replace(
            found, is_open=False, is_draft=False, head=head, merge_commit=commit
        )
        return commit

    def stood(self, branch: str, at: float) -> str | None:
        del at
        return self.overtaken.get(branch, self.branches.get(branch))

    def comments_of(self, login: str, since: float) -> tuple[str, ...]:
        del since
        return tuple(body for author, body in self.written if author == login)

    @write
    def write_issue(self, number: int, body: str) -> None:
        if number in self.issues:
            self.issues[number] = replace(self.issues[number], body=body)
            self.rewritten += 1

    @write
    def pin(self, number: int) -> None:
        self.pinned.append(number)

    @write
    def open_issue(self, key: str, title: str, body: str) -> int:
        if key not in self.opened:
            self.opened[key] = self.add_issue(title, body, "labhand[bot]")
        return self.opened[key]

    @write
    def close_issue(self, number: int) -> None:
        self.closed.add(number)

    @write
    def say(self, place: int, key: str, body: str) -> int:
        for comment in self.comments:
            if (comment.place, comment.key) == (place, key):
                return comment.id
        comment = Comment(1000 + len(self.comments), place, key, body)
        self.comments.append(comment)
        return comment.id

    @write
    def edit(self, comment_id: int, body: str) -> None:
        comment = self.comments[comment_id - 1000]
        comment.body, comment.edits = body, comment.edits + 1

    def said(self, comment_id: int) -> str:
        return self.comments[comment_id - 1000].body

    @write
    def minimize(self, comment_id: int) -> None:
        self.comments[comment_id - 1000].minimized = True

    @write
    def react(self, comment_id: int, content: str) -> None:
        self.reactions.append((comment_id, content))

    def read_ledger(self) -> Ledger:
        return books.parse(self.branches.get(books.BRANCH), self.book)

    @write
    def write_ledger(self, before: Ledger, after: Ledger, message: str) -> Ledger:
        if before.head != self.branches.get(books.BRANCH):
            raise Stale(books.BRANCH)
        files = books.difference(before, after)
        if not files:
            return replace(after, head=before.head)
        for path, text in files.items():
            if text is None:
                del self.book[path]
            else:
                self.book[path] = text
        self.log.append(message)
        self.branches[books.BRANCH] = self._store(None, dict(self.book))
        return after.written(self.branches[books.BRANCH])

    def baseline_asset(self, tag: str) -> str:
        return self.releases[tag][2]

    @write
    def publish(self, tag: str, commit: str, title: str, notes: str, asset: str) -> str:
        del title
        self.releases.setdefault(tag, (commit, notes, asset))
        return f"https://hub/releases/tag/{tag}"

    @write
    def check(self, head: str, state: CheckState, title: str, summary: str) -> None:
        assert head in self.commits
        self.checks[head] = (state, title, summary)

    def check_state(self, commit: str, name: str) -> CheckState | None:
        return self.others_checks.get((commit, name))

    def open_pulls(self) -> frozenset[int]:
        self.pull_listings += 1
        return frozenset(number for number, pull in self.pulls.items() if pull.is_open)

    def ended(self, workflow_run: int) -> bool:
        return workflow_run not in (self.own_run, *self.live)

    @write
    def set_schedule(self, enabled: bool) -> None:
        self.schedule = enabled


@dataclass
class FakeRun:
    """What a training run is going to give."""

    state: RunState = "finished"
    values: dict[str, float] = field(default_factory=dict)


class FakeTracker:
    """One project of W&B; `outcome` decides what a queued run will have given."""

    def __init__(self, scissors: Scissors, outcome: Callable[[Launch], FakeRun]) -> None:
        self.scissors = scissors
        self.outcome = outcome
        self.queue: list[tuple[str, Launch]] = []
        self.numbers = count(1)
        self.pushed: dict[str, Launch] = {}
        """Items by their id; one that was taken back is gone."""
        self.has_priorities = True
        self.polling: tuple[Agent, ...] = ()
        self.notes: dict[str, tuple[tuple[str, ...], str, str]] = {}
        """Tags, note and group that runs were given."""
        self.runs: dict[str, ObservedRun] = {}
        self.training: list[tuple[str, Launch]] = []
        self.deaf = False
        """Whether nothing stops that is asked to."""
        self.results: dict[str, FakeRun] = {}
        self.listings = 0
        self.made: tuple[str, ...] = ("the queue `local`",)
        self.suggestion = {"lr": "0.003"}

    def work(self) -> None:
        """An agent takes everything from the queue, and all that trains ends."""
        ending, self.training = [*self.training, *self._taken()], []
        for job, launch in ending:
            if launch.run_id in self.runs and self.runs[launch.run_id].state != "running":
                continue  # somebody stopped it
            result = self.results[launch.run_id] = self.outcome(launch)
            self.runs[launch.run_id] = _trained(job, launch, result.state, result.values)

    def begin(self, **summary: object) -> None:
        """An agent takes everything from the queue, and none of it has ended."""
        for job, launch in self._taken():
            self.runs[launch.run_id] = _trained(job, launch, "running", summary)
            self.training.append((job, launch))

    def _taken(self) -> list[tuple[str, Launch]]:
        """What waits; a second run of the same id ends at once."""
        taken = {launch.run_id: (job, launch) for job, launch in reversed(self.queue)}
        self.queue.clear()
        return [taken[name] for name in reversed(taken) if name not in self.runs]

    @write
    def prepare(self, commit: str, command: Sequence[str], image: str | None = None) -> str:
        del command
        return f"job:{image or commit}"

    @write
    def push(self, job: str, launch: Launch, queue: str) -> str:
        assert queue == "local"
        self.queue.append((job, launch))
        item_id = f"item{next(self.numbers)}"
        self.pushed[item_id] = launch
        return item_id

    def queued(self, queue: str, item_ids: Sequence[str]) -> Queued | None:
        del item_ids
        if queue != "local":
            return None
        waiting = [id(launch) for _, launch in self.queue]
        items = (
            QueueItem(i, "waiting" if id(launch) in waiting else "taken", self._begun(launch))
            for i, launch in self.pushed.items()
        )
        return Queued(tuple(items), self.has_priorities)

    def _begun(self, launch: Launch) -> str | None:
        return launch.run_id if launch.run_id in self.runs else None

    def agents(self) -> tuple[Agent, ...]:
        return self.polling

    @write
    def take_back(self, queue: str, item_id: str) -> None:
        assert queue == "local"
        launch = self.pushed[item_id]
        if any(waiting is launch for _, waiting in self.queue):
            del self.pushed[item_id]
            self.queue = [(job, other) for job, other in self.queue if other is not launch]

    @write
    def annotate(
        self, run_ids: Sequence[str], tags: Sequence[str], note: str, group: str
    ) -> tuple[str, ...]:
        known = tuple(run_id for run_id in run_ids if run_id in self.runs)
        self.notes.update({run_id: (tuple(tags), note, group) for run_id in known})
        return known

    def observe(self, run_ids: Sequence[str]) -> Mapping[str, ObservedRun]:
        self.listings += 1
        return {i: self.runs[i] for i in run_ids if i in self.runs}

    def curves(
        self, run_id: str, keys: Sequence[str], whole: Collection[str] = ()
    ) -> Mapping[str, tuple[Point, ...]]:
        del whole
        last = self.results[run_id].values
        return {
            key: tuple((s, last[key] - 0.01 * (3 - s)) for s in (1.0, 2.0, 3.0))
            for key in keys
            if key in last
        }

    def failure(self, run_id: str) -> Failure:
        if (run := self.runs.get(run_id)) is None:
            return Failure("missing", "", None, {}, "", "")
        if run.state != "failed":
            kind = "killed" if run.state == "killed" else "crash"
            return Failure(kind, "", None, {}, "", "")
        return Failure(
            kind="nan",
            message="the loss is not finite",
            step=12,
            suggestion=self.suggestion,
            why="the learning rate is too high",
            last_lines="epoch 1 loss 2.3\nloss nan",
        )

    @write
    def stop(self, run_id: str) -> None:
        if run_id in self.runs and not self.deaf:
            self.runs[run_id] = replace(self.runs[run_id], state="killed")

    def run_url(self, run_id: str) -> str:
        return f"https://bees/acme/digits/runs/{run_id}"

    def group_url(self, group: str) -> str:
        return f"https://bees/acme/digits/groups/{group}"

    @write
    def setup(
        self, queues: Sequence[str], hook_url: str, secret_name: str, canary_metric: str | None
    ) -> tuple[str, ...]:
        del queues, hook_url, secret_name, canary_metric
        made, self.made = self.made, ()
        return made


def _trained(
    job: str, launch: Launch, state: RunState, summary: Mapping[str, object]
) -> ObservedRun:
    words = dict(word.split("=", 1) for word in launch.command if "=" in word)
    return ObservedRun(
        id=launch.run_id,
        state=state,
        commit=job.removeprefix("job:"),
        summary=dict(summary),
        config={**words, **launch.settings, "environment.torch": "2.13.0"},
        seconds=6.0,
        step=30,
    )


class FakeClock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


@dataclass
class FakeWriter:
    """A model that writes one file, or fails."""

    path: str = "model.py"
    text: str = "layers = 3\n"
    error: Exception | None = None
    tokens: Tokens = field(default_factory=Tokens)

    def write(self, system: str, task: str, workspace: Workspace) -> Written:
        assert system
        assert task
        if self.error:
            raise self.error
        workspace.write(self.path, self.text)
        self.tokens += Tokens(input=100, cached=700, stored=100, output=80)
        return Written("One layer more.", 2)


def world(
    outcome: Callable[[Launch], FakeRun], folder: str, files: Mapping[str, str] | None = None
) -> World:
    """A world of fakes."""
    scissors = Scissors()
    given = files or {"conf.yaml": SETTINGS, "model.py": "layers = 2\n", "judge/eval.py": "x\n"}
    config: Config = configuration.parse(CONFIG)
    environment = Environment(
        repository="acme/digits",
        api_url="https://hub/api",
        server_url="https://hub",
        workflow_run=1,
        folder=folder,
    )
    return World(
        FakeForge(scissors, given), FakeTracker(scissors, outcome), FakeClock(), config, environment
    )
