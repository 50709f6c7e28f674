"""W&B in memory."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from bot.core.attempt import RunState
from bot.core.queue import Agent, Queued, QueueItem
from bot.core.runs import ObservedRun, Point
from bot.errors import UserError
from bot.ports import Failure, Launch, Outage
from tests.fakes.scissors import Scissors, write


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
        self.room: int | None = None
        """How many runs the queue takes."""
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
        if len(self.queue) == self.room:
            raise UserError(f"W&B takes nothing into the queue `{queue}`.")
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
        if (launch := self.pushed.get(item_id)) is None:
            raise Outage("another job has taken it out, and the SDK tells no more than that")
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
