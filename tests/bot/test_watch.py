"""What a look at W&B changes in an attempt, as tables."""

import math
from typing import Any

import pytest

from bot.core.attempt import Attempt, Run, Stop
from bot.core.runs import ObservedRun
from bot.core.watch import DEAD_SECONDS, STOP_SECONDS, Watch, held_back, looked, stopped

NOW = 1_800_000_000.0
WATCH = Watch("val/acc", {"train/loss": 1e3})
ASKED = Stop(by="ada", why="wrong data", at=NOW)


def attempt(*states: str, **changes: Any) -> Attempt:
    fields: dict[str, Any] = {
        "number": 1,
        "purpose": "search",
        "commit": "3f9c1e2",
        "tree": "a1b2c3",
        "queue": "a100",
        "runs": tuple(Run(seed=i, id=f"r{i}", state=s) for i, s in enumerate(states, 1)),
        "asked_by": "ada",
        "comment_id": 9,
        "asked_at": NOW,
        **changes,
    }
    return Attempt.model_validate(fields)


def seen(number: int, state: str, **changes: Any) -> dict[str, ObservedRun]:
    return {f"r{number}": ObservedRun(**{"id": f"r{number}", "state": state, **changes})}


def states(found: Attempt) -> tuple[str, ...]:
    return tuple(run.state for run in found.runs)


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (("running", {}), ("running", "waiting")),
        (("running", {"val/acc": None}), ("running", "waiting")),
        (("running", {"val/acc": 0.1}), ("running", "pushing")),
        (("running", {"val/acc": {"max": 0.1, "last": 0.1}}), ("running", "pushing")),
        (("finished", {"val/acc": 0.9}), ("finished", "pushing")),
        (("finished", {}), ("finished", "skipped")),
        (("finished", {"val/acc": "NaN"}), ("finished", "skipped")),
        (("failed", {"val/acc": 0.9}), ("failed", "skipped")),
        (("crashed", {}), ("crashed", "skipped")),
        (("killed", {}), ("killed", "skipped")),
    ],
)
def test_the_others_follow_what_has_validated(
    now: tuple[str, dict[str, object]], then: tuple[str, ...]
) -> None:
    state, summary = now
    found = looked(attempt("queued", "waiting"), seen(1, state, summary=summary), WATCH, NOW)
    assert states(found) == then


def test_nobody_follows_a_canary_that_trains_something_else() -> None:
    astray = Watch("val/acc", astray=True)
    for state, then in (("running", "waiting"), ("finished", "skipped")):
        observed = seen(1, state, summary={"val/acc": 0.9})
        assert states(looked(attempt("running", "waiting"), observed, astray, NOW)) == (state, then)


@pytest.mark.parametrize(
    ("states_before", "canary", "then"),
    [
        (("pushing",) * 3, 1, ("pushing", "waiting", "waiting")),
        (("pushing",) * 3, 2, ("pushing", "pushing", "waiting")),
        (("pushing",) * 3, 0, ("pushing",) * 3),
        (("finished", "pushing", "pushing"), 1, ("finished", "pushing", "pushing")),
        (("running", "pushing", "pushing"), 1, ("running", "waiting", "waiting")),
    ],
)
def test_first_ones_go_alone_unless_one_has_finished(
    states_before: tuple[str, ...], canary: int, then: tuple[str, ...]
) -> None:
    runs = held_back(attempt(*states_before).runs, canary)
    assert tuple(run.state for run in runs) == then


@pytest.mark.parametrize(
    ("summary", "why"),
    [
        ({"val/acc": "NaN"}, "val/acc is NaN"),
        ({"val/acc": math.inf}, "val/acc is inf"),
        ({"train/loss": 2e3}, "train/loss is 2000.0"),
        ({"train/loss": -2e3}, "train/loss is -2000.0"),
        ({"train/loss": math.nan}, "train/loss is nan"),
        ({"val/acc": {"max": 0.9, "last": "NaN"}}, "val/acc is NaN"),
        (
            {"val/acc": {"max": 0.9}, "train/loss": {"min": 1.0, "last": 2e3}},
            "train/loss is 2000.0",
        ),
        ({"train/loss": {"max": 2e3, "last": 1.0}}, None),
        ({"other": math.nan, "train/loss": 999}, None),
        ({"val/acc": "a word", "train/loss": None}, None),
    ],
)
def test_a_seed_that_diverges_stops_all(summary: dict[str, object], why: str | None) -> None:
    before = attempt("running", "running", "queued", "finished")
    observed = seen(1, "running", summary=summary) | seen(2, "running")
    asked = [run.stop for run in looked(before, observed, WATCH, NOW).runs]
    if why is None:
        assert asked == [None] * 4
    else:
        assert [bool(stop) for stop in asked] == [True, True, True, False]
        assert asked[0] is not None
        assert asked[0].why == f"seed 1 has diverged: {why}"


def test_a_seed_that_failed_of_nan_stops_all() -> None:
    failed = seen(1, "failed", summary={"failure/kind": "nan"})
    found = looked(attempt("running", "running"), failed | seen(2, "running"), WATCH, NOW)
    assert found.runs[0].stop is None
    assert found.runs[1].stop == Stop(by="", why="seed 1 turned to NaN", at=NOW, seed=1)


def test_a_run_that_takes_too_long_is_stopped_and_its_seed_alone() -> None:
    before = attempt("running", "running", limit_seconds=600.0)
    observed = seen(1, "running", seconds=601.0) | seen(2, "running", seconds=599.0)
    first, second = looked(before, observed, WATCH, NOW).runs
    assert first.stop is not None
    assert "longer than the 10 minutes" in first.stop.why
    assert second.stop is None


@pytest.mark.parametrize(
    ("silent", "then"), [(DEAD_SECONDS, "running"), (DEAD_SECONDS + 1, "crashed")]
)
def test_a_run_that_died_unnoticed_has_crashed(silent: float, then: str) -> None:
    (run,) = looked(attempt("running"), seen(1, "running", heard=NOW - silent), WATCH, NOW).runs
    assert run.state == then
    assert bool(run.why) == (then == "crashed")


def test_a_run_that_was_deleted_is_missing() -> None:
    (run,) = looked(attempt("running"), {}, WATCH, NOW).runs
    assert (run.state, bool(run.why)) == ("missing", True)


def test_a_run_that_nobody_here_stopped_says_that_wandb_tells_no_name() -> None:
    (run,) = looked(attempt("running"), seen(1, "killed"), WATCH, NOW).runs
    assert "does not tell by whom" in run.why


@pytest.mark.parametrize(
    ("now", "later", "then"),
    [
        ("killed", 0, "killed"),
        ("failed", 0, "killed"),
        ("finished", 0, "finished"),
        ("running", STOP_SECONDS, "running"),
        ("running", STOP_SECONDS + 1, "killed"),
        (None, STOP_SECONDS, "queued"),
        (None, STOP_SECONDS + 1, "killed"),
    ],
)
def test_a_stop_is_in_effect_once_it_is_confirmed_or_long_ago(
    now: str | None, later: float, then: str
) -> None:
    asked = stopped(attempt("queued"), ASKED)
    (run,) = looked(asked, seen(1, now) if now else {}, WATCH, NOW + later).runs
    assert (run.state, run.stop) == (then, ASKED)


def test_what_was_never_queued_needs_nobody_to_confirm_its_stop() -> None:
    asked = stopped(attempt("running", "waiting", "pushing", "finished"), ASKED)
    assert states(asked) == ("running", "skipped", "queued", "finished")
    waiting = stopped(attempt("pushing", waits_for="build"), ASKED)
    assert states(waiting) == ("skipped",)
    gone = stopped(attempt("queued", "queued"), ASKED, gone=["r2"])
    assert states(gone) == ("queued", "killed")
    one = stopped(attempt("running", "running"), ASKED, seeds=[2])
    assert [run.stop for run in one.runs] == [None, ASKED]


def test_the_first_who_stops_a_run_is_remembered() -> None:
    again = stopped(stopped(attempt("running"), ASKED), Stop(by="grace", why="", at=NOW + 9))
    assert again.runs[0].stop == ASKED
