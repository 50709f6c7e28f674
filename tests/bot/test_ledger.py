import json
from typing import Any

import pytest

from bot.core.attempt import Attempt, Run, run_id
from bot.core.book import CONTENTS, difference, parse, written
from bot.core.experiment import Experiment, Fix, Intention, branch_name
from bot.core.idea import Idea
from bot.core.ledger import BaselineRef, Ledger, Step, next_step
from bot.errors import UserError

V1 = BaselineRef(tag="baseline-v1", commit="aaa")
V2 = BaselineRef(tag="baseline-v2", commit="bbb")


def attempt(states: tuple[str, ...] = ("finished",), **changes: Any) -> Attempt:
    fields: dict[str, Any] = {
        "number": 1,
        "purpose": "search",
        "commit": "3f9c1e2",
        "tree": "a1b2c3",
        "baseline": "baseline-v1",
        "queue": "a100",
        "runs": tuple(Run(seed=i, id=f"r{i}", state=s) for i, s in enumerate(states, 1)),
        "asked_by": "octocat",
        "comment_id": 9,
        "asked_at": 1.5,
        "queued": True,
        **changes,
    }
    return Attempt.model_validate(fields)


def experiment(number: int = 41, **changes: Any) -> Experiment:
    fields: dict[str, Any] = {
        "number": number,
        "kind": "experiment",
        "title": "EMA – „Gewichte“",
        "author": "octocat",
        "branch": "exp/41-ema",
        **changes,
    }
    return Experiment.model_validate(fields)


def texts(files: dict[str, str | None]) -> dict[str, str]:
    return {path: text for path, text in files.items() if text is not None}


FULL = experiment(
    pull=47,
    attempts=(attempt(verdict="WIN", report_id=3), attempt(("running",), number=2)),
    idea=Idea(change="Average.", overrides={"lr": "0.1"}),
    fix=Fix(settings={"lr": "0.01"}, why="NaN", asked_by="octocat", comment_id=10),
    intention=Intention(step="write", workflow_run=5),
    answered=(9, 10),
)


HEARD = {"by": "ada", "why": "", "at": 1.0}
DECIDED = {"by": "", "why": "seed 1 turned to NaN", "at": 1.0, "seed": 1}


@pytest.mark.parametrize(
    ("states", "stop", "verdict", "outcome"),
    [
        (("finished", "finished"), None, "INVALID", "INVALID"),  # it logged what was not asked for
        (("finished", "failed"), None, "INVALID", "FAILED"),
        (("failed", "skipped"), None, "INVALID", "FAILED"),
        (("killed", "finished"), HEARD, "INVALID", "STOPPED"),
        (("killed", "killed"), DECIDED, "INVALID", "FAILED"),
        (("killed",), None, "INVALID", "STOPPED"),  # in W&B, which does not tell by whom
        (("killed",), HEARD, "CLOSED", "CLOSED"),
        (("finished",), None, "WIN", "WIN"),
        (("running",), None, None, None),
    ],
)
def test_an_outcome_is_the_word_of_its_report(
    states: tuple[str, ...], stop: dict[str, Any] | None, verdict: str | None, outcome: str | None
) -> None:
    runs = [
        {"seed": i, "id": f"r{i}", "state": s, "stop": stop if s == "killed" else None}
        for i, s in enumerate(states, 1)
    ]
    assert attempt(runs=runs, verdict=verdict).outcome == outcome


def test_what_is_written_is_read_again() -> None:
    after = Ledger("head").put(FULL, experiment(42, branch="exp/42")).released(V1).released(V2)
    assert parse("head", texts(difference(Ledger("head"), after))) == after


def test_a_new_lab_book_says_what_it_is() -> None:
    files = difference(Ledger(None), Ledger(None).put(experiment()))
    assert files.keys() == {"README.md", "ledger/open/41.json", CONTENTS}


def test_only_what_differs_is_written() -> None:
    before = Ledger("head").put(experiment(41), experiment(42)).released(V1)
    before = written(before, "head", difference(Ledger(None), before))
    assert difference(before, before) == {}
    after = before.put(experiment(42, phase="merged"))
    assert difference(before, after).keys() == {"ledger/open/42.json", CONTENTS}
    assert difference(before, before.released(V2)).keys() == {"ledger/baselines.json", CONTENTS}


def test_what_is_released_is_closed() -> None:
    before = Ledger("head").put(experiment())
    files = difference(before, before.put(experiment(phase="released")))
    assert files["ledger/open/41.json"] is None
    assert files["ledger/closed/41.json"] is not None
    assert parse("head", texts(files)).experiments == {}


def test_an_experiment_is_found_by_its_issue_and_by_its_pr() -> None:
    ledger = Ledger("head").put(experiment(pull=47), experiment(42))
    assert ledger.at(41) is ledger.at(47) is not None
    assert ledger.at(43) is None


def test_the_last_release_is_the_baseline() -> None:
    assert Ledger("head").baseline is None
    assert Ledger("head").released(V1).released(V2).released(V2).baselines == (V1, V2)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": 2}', '{"schema": 1, "number": "x"}', '{"schema": 1}']
)
def test_a_file_that_somebody_edited_is_named(text: str) -> None:
    with pytest.raises(UserError, match=r"`ledger/open/41.json` on the branch `labbook` is not"):
        parse("head", {"ledger/open/41.json": text})


def test_an_unknown_field_is_not_dropped_in_silence() -> None:
    text = texts(difference(Ledger("head"), Ledger("head").put(experiment())))[
        "ledger/open/41.json"
    ]
    odd = json.dumps({**json.loads(text), "note": "by hand"})
    with pytest.raises(UserError):
        parse("head", {"ledger/open/41.json": odd})


REPORTED = attempt(verdict="WIN", report_id=3)
BASELINE_RUNS = attempt(purpose="baseline", baseline=None)


@pytest.mark.parametrize(
    ("changes", "step"),
    [
        ({"phase": "picked"}, Step.PROPOSE),
        ({"phase": "writing"}, Step.ABANDON),
        ({"phase": "merging", "attempts": (REPORTED,)}, Step.MERGE),
        ({"phase": "merged", "attempts": (REPORTED,)}, Step.RELEASE),
        ({"phase": "stalled"}, None),
        ({"phase": "released", "attempts": (attempt(),)}, None),
        ({}, None),
        ({"attempts": (attempt(("pushing", "pushing"), queued=False),)}, Step.PUSH),
        ({"attempts": (attempt(("queued", "finished")),)}, None),
        ({"attempts": (attempt(("running", "failed")),)}, None),
        ({"attempts": (attempt(("finished", "finished")),)}, Step.REPORT),
        ({"attempts": (attempt(("finished", "crashed")),)}, Step.REPORT),
        ({"attempts": (BASELINE_RUNS,), "kind": "baseline"}, Step.RELEASE),
        (
            {"attempts": (BASELINE_RUNS.but(runs=attempt(("failed",)).runs),)},
            Step.REPORT,
        ),
        ({"attempts": (REPORTED,)}, None),
        ({"attempts": (REPORTED,), "fix": FULL.fix}, Step.FIX),
    ],
)
def test_what_is_to_be_done_next(changes: dict[str, Any], step: Step | None) -> None:
    assert next_step(experiment(**changes), "baseline-v1") == step


def test_a_report_is_marked_stale_once() -> None:
    reported = experiment(attempts=(REPORTED,))
    assert next_step(reported, "baseline-v2") == Step.MARK_STALE
    assert next_step(reported.but(stale="baseline-v2"), "baseline-v2") is None
    assert next_step(reported.but(stale="baseline-v2"), "baseline-v3") == Step.MARK_STALE


def test_looks_are_counted_per_change_and_baseline() -> None:
    last = attempt(("finished",) * 10, number=5)
    earlier = (
        attempt(("finished",) * 5, number=1, verdict="UNDECIDED"),
        attempt(("finished",) * 3, number=2, verdict="INVALID"),
        attempt(("finished",) * 5, number=3, verdict="UNDECIDED", tree="other"),
        attempt(("finished",) * 5, number=4, verdict="UNDECIDED", baseline="baseline-v0"),
    )
    assert experiment(attempts=(*earlier, last)).looks(last) == (5,)


def test_an_attempt_is_replaced_or_added() -> None:
    one = experiment().with_attempt(attempt())
    assert one.latest == attempt()
    assert one.with_attempt(REPORTED).attempts == (REPORTED,)
    assert [a.number for a in one.with_attempt(attempt(number=2)).attempts] == [1, 2]


def test_a_run_is_named_by_what_it_trains() -> None:
    first = run_id("acme/retina", "3f9c1e2", {"a": "1", "b": "2"}, 3, 0)
    assert first == run_id("acme/retina", "3f9c1e2", {"b": "2", "a": "1"}, 3, 0)
    assert first.startswith("lh-")
    assert first.endswith("-s3")
    others = {
        run_id("acme/other", "3f9c1e2", {"a": "1", "b": "2"}, 3, 0),
        run_id("acme/retina", "3f9c1e3", {"a": "1", "b": "2"}, 3, 0),
        run_id("acme/retina", "3f9c1e2", {"a": "1", "b": "3"}, 3, 0),
        run_id("acme/retina", "3f9c1e2", {"a": "1", "b": "2"}, 4, 0),
        run_id("acme/retina", "3f9c1e2", {"a": "1", "b": "2"}, 3, 1),
    }
    assert len(others | {first}) == 6


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("EMA of the weights!", "exp/41-ema-of-the-weights"),
        ("…", "exp/41"),
        ("a" * 60, f"exp/41-{'a' * 40}"),
        ("../../x && rm", "exp/41-x-rm"),
    ],
)
def test_a_branch_is_named_by_its_idea(title: str, name: str) -> None:
    assert branch_name(41, title) == name
