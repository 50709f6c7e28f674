"""The lab book's files: read again, brought up to date, guarded against hands, and small."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.attempt import Attempt, Run, run_id
from bot.core.book import (
    CONTENTS,
    check_value,
    difference,
    parse,
    parse_experiment,
    path_of,
    signed,
)
from bot.core.book import asked as asked_by
from bot.core.cost import Accounts, Amount, Reservation
from bot.core.experiment import KEPT, Experiment
from bot.core.ledger import BaselineRef, Ledger, Tries
from bot.errors import UserError
from bot.events import Rang
from tests.bot.scene import Scene
from tests.bot.test_ledger import FULL, V1, V2, attempt, experiment, texts

PATH = "ledger/open/41.json"
RUNS = tuple(Run(seed=i, id=run_id("acme/retina", "3f9c1e2", {}, i, 0)) for i in range(1, 11))
OLD: dict[str, Any] = {
    "number": 41, "kind": "experiment", "title": "EMA – „Gewichte“", "author": "octocat",
    "branch": "exp/41-ema", "pull": None, "phase": "open", "idea": None, "task": None,
    "written": "", "fix": None, "intention": None, "progress_id": None, "answered": [],
    "stale": None, "merge_commit": None, "release": None,
    "attempts": [
        {
            "number": 1, "purpose": "search", "commit": "3f9c1e2", "tree": "a1b2c3",
            "overrides": {}, "baseline": "baseline-v1", "queue": "a100",
            "runs": [{"seed": 1, "id": "r1", "state": "finished", "retry": 0}],
            "asked_by": "octocat", "comment_id": 9, "asked_at": 1.5, "queued": True,
            "verdict": None, "report_id": None,
        }
    ],
}  # fmt: skip
"""As the first version wrote it: every field, and no check value."""


def written(*experiments: Experiment) -> dict[str, str]:
    return texts(difference(Ledger("head"), Ledger("head").put(*experiments)))


def test_every_file_is_read_as_it_was_written() -> None:
    after = Ledger("head").put(FULL, experiment(42, branch="exp/42")).released(V1).released(V2)
    after = after.with_budget(Accounts().book("2026-11", "octocat", Amount(gpu_hours=3.5)))
    assert parse("head", texts(difference(Ledger("head"), after))) == after


def test_a_run_stands_on_one_line() -> None:
    lines = written(grown(1))[PATH].split("\n")
    name = run_id("acme/retina", f"{1:040x}", {}, 7, 0)
    assert f'    {{"seed": 7, "id": "{name}", "state": "finished"}},' in lines
    assert lines[1] == ' "schema": 3,'
    assert all(len(line) <= 130 for line in lines)


def test_schema_1_is_read_and_3_is_written() -> None:
    old = {"schema": 1, **OLD}
    baselines = json.dumps({"schema": 1, "baselines": [{"tag": "baseline-v1", "commit": "aaa"}]})
    ledger = parse("head", {PATH: json.dumps(old, indent=1), "ledger/baselines.json": baselines})
    assert ledger.experiments == {41: experiment(attempts=(attempt(),))}
    assert ledger.baselines == (V1,)
    after = ledger.put(experiment(attempts=(attempt(),), title="Renamed"))
    files = texts(difference(ledger, after))
    assert files.keys() == {PATH, CONTENTS, "README.md"}
    assert json.loads(files[PATH])["schema"] == 3
    beside = {**files, "ledger/baselines.json": baselines}
    assert parse("head", beside).baselines == (V1,)


def test_a_newer_schema_names_both_versions() -> None:
    data = {"schema": 4, "number": 41}
    with pytest.raises(UserError, match=r"has schema 4, and this .* up to 3"):
        parse("head", {PATH: json.dumps(data)})


def edited(find: str, put: str) -> str:
    text = written(FULL)[PATH]
    assert text.count(find) == 1, text
    return text.replace(find, put)


@pytest.mark.parametrize(
    ("find", "put", "words"),
    [
        ('"verdict": "WIN"', '"verdict": "LOSS"', "its check value does not fit"),
        ('"pull": 47', '"pul": 47', "`pul`: there is no such key"),
        ('"pull": 47', '"pull": "x"', r"Line 9: `pull`: Input should be a valid integer"),
        ('"pull": 47,', '"pull": 47', r"Line 10: it is no JSON"),
        ('"schema": 3', '"schema": "two"', "it says no schema"),
        ('"state": "running"', '"state": "walking"', r"`attempts\.1\.runs\.0\.state`: Input"),
    ],
)
def test_a_hand_edit_is_named_with_its_line(find: str, put: str, words: str) -> None:
    with pytest.raises(UserError, match=words) as error:
        parse("head", {PATH: edited(find, put)})
    told = str(error.value)
    assert told.startswith(f"`{PATH}` on the branch `labbook` is not as Labhand wrote it. Line ")
    assert f"`git log -p origin/labbook -- {PATH}`" in told
    assert "`git revert`" in told


def test_a_file_bears_the_number_of_its_experiment() -> None:
    text = written(FULL)[PATH]
    with pytest.raises(UserError, match=r"/40\.json`.*Line 4: it holds the experiment 41"):
        parse("head", {"ledger/open/40.json": text})


def test_a_new_layout_is_no_edit() -> None:
    files = written(FULL)
    other = {path: json.dumps(json.loads(files[path])) for path in (PATH, CONTENTS)}
    assert parse("head", other).experiments[41] == FULL


def test_no_two_files_may_claim_one_pr_or_branch() -> None:
    files = written(experiment(41, pull=47), experiment(42, pull=47, branch="exp/42"))
    with pytest.raises(UserError, match=r"`41.json` beside it claims PR #47"):
        parse("head", files)
    files = written(experiment(41), experiment(42))
    with pytest.raises(UserError, match=r"claims the branch `exp/41-ema`"):
        parse("head", files)


def test_two_baselines_may_stand_on_the_default_branch() -> None:
    files = written(*(experiment(n, kind="baseline", branch="main") for n in (41, 42)))
    assert parse("head", files).experiments.keys() == {41, 42}


def test_what_is_closed_moves_and_comes_back() -> None:
    opened = Ledger("head").put(experiment(pull=47))
    closed = opened.put(experiment(pull=47, phase="closed"))
    files = difference(opened, closed)
    assert files.keys() > {PATH, "ledger/closed/41.json"}
    assert files[PATH] is None
    files = difference(closed, opened)
    assert files["ledger/closed/41.json"] is None
    assert files[PATH] is not None
    assert path_of(experiment(phase="merged")) == PATH


def test_a_commit_tells_who_asked_where_and_its_number() -> None:
    files = difference(Ledger("head"), Ledger("head").put(experiment()))
    text = signed(asked_by("#41: octocat launches attempt 2", "octocat", 77), 9001, files)
    headline, skipped, trailers = text.split("\n\n")
    assert headline == "#41: octocat launches attempt 2"
    assert skipped == "[skip ci]"
    assert trailers.split("\n") == [
        "Labhand-Asked-By: octocat",
        "Labhand-Comment: 77",
        "Labhand-Workflow-Run: 9001",
        "Labhand-Decision: 1",
    ]
    assert signed("#41: report", 5, files).split("\n\n")[-1].startswith("Labhand-Workflow-Run: 5\n")


# What is gone is missed


class Branch:
    """A lab book of three decisions: 41 is opened, 42 is opened and 40 closed, 41 is merged."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.closed = ""
        self.messages: list[str] = []
        self.states: list[dict[str, str]] = []
        ledger = Ledger(None)
        ledger = self.decide(ledger, ledger.put(experiment(), experiment(40, branch="exp/40")))
        shut = experiment(40, branch="exp/40", phase="closed")
        ledger = self.decide(ledger, ledger.put(experiment(42, branch="exp/42"), shut))
        self.last = self.decide(ledger, ledger.put(experiment(phase="merged")))

    def decide(self, before: Ledger, after: Ledger) -> Ledger:
        files = difference(before, after)
        self.messages.insert(0, signed("decided", 5, files))
        for path, text in files.items():
            self.files.pop(path, None)
            self.files |= {path: text} if text is not None else {}
        self.closed = str(hash(tuple(p for p in self.files if p.startswith("ledger/closed/"))))
        self.states.append(dict(self.files))
        return self.read()

    def read(self) -> Ledger:
        return parse(f"head{len(self.messages)}", self.files, self.closed, self.messages)


def test_a_book_that_only_the_bot_wrote_is_read() -> None:
    branch = Branch()
    assert branch.last.experiments.keys() == {41, 42}
    assert branch.last.contents.decision == 3
    assert branch.last.contents.files.keys() == {PATH, "ledger/open/42.json"}


@pytest.mark.parametrize(
    ("path", "past", "words"),
    [
        ("ledger/open/42.json", None, "`ledger/open/42.json`.* Labhand wrote it. It is gone"),
        (PATH, 0, f"`{PATH}`.* what was written by another decision than the last"),
        ("ledger/open/40.json", 0, "`ledger/open/40.json`.* No decision has written it"),
        (CONTENTS, None, f"`{CONTENTS}`.* It is gone"),
        (CONTENTS, 1, f"`{CONTENTS}`.* that of decision 2, and decision 3 was the last"),
    ],
)
def test_a_file_that_is_gone_or_of_the_past_is_named(
    path: str, past: int | None, words: str
) -> None:
    branch = Branch()
    branch.files.pop(path, None)
    if past is not None:
        branch.files[path] = branch.states[past][path]
    branch.messages.insert(0, "Tidy up")
    with pytest.raises(UserError, match=words) as error:
        branch.read()
    assert "`git revert` of its commit takes it back" in str(error.value)
    branch.files = branch.states[-1]
    branch.messages.insert(0, 'Revert "Tidy up"')
    assert branch.read() == replace(branch.last, head="head5")


def test_decisions_that_were_reverted_are_missed() -> None:
    branch = Branch()
    branch.files = branch.states[-2]
    branch.messages.insert(0, 'Revert "decided"\n\nThis reverts commit 3f9c1e2.')
    with pytest.raises(UserError, match="that of decision 2, and decision 3 was the last"):
        branch.read()


def test_every_file_gone_is_no_new_book() -> None:
    branch = Branch()
    branch.files = {}
    branch.messages.insert(0, "Start again")
    with pytest.raises(UserError, match=f"`{CONTENTS}`.* It is gone"):
        branch.read()


def test_what_is_closed_is_missed_too() -> None:
    branch = Branch()
    assert branch.last.contents.closed == branch.closed
    branch.closed = "another"
    with pytest.raises(UserError, match=r"`ledger/closed` .* A file there was changed, added or"):
        branch.read()


def test_a_book_of_before_is_counted_from_its_next_decision() -> None:
    branch = Branch()
    branch.messages = ["An older Labhand wrote this."]
    del branch.files[CONTENTS]
    branch.files = {
        path: text.replace('"schema": 3', '"schema": 2') for path, text in branch.files.items()
    }
    old = branch.read()
    assert old.experiments == branch.last.experiments
    new = branch.decide(old, old.put(experiment(43, branch="exp/43")))
    assert (new.contents.decision, len(new.contents.files)) == (1, 3)
    assert "contents.json" in branch.files["README.md"]


# Folding


def grown(attempts: int, **changes: Any) -> Experiment:
    """An experiment that was launched again and again, each time at a new commit."""
    one = experiment()
    for number in range(1, attempts + 1):
        commit = f"{number:040x}"
        ids = (run_id("acme/retina", commit, {}, run.seed, 0) for run in RUNS)
        runs = tuple(r.but(id=i, state="finished") for r, i in zip(RUNS, ids, strict=True))
        one = one.with_attempt(
            attempt(number=number, commit=commit, tree=commit, runs=runs, verdict="LOSS", **changes)
        )
    return one


def test_a_hundred_attempts_of_ten_seeds_are_a_small_file() -> None:
    text = written(grown(100))[PATH]
    assert len(text.encode()) < 64 * 1024
    assert '"seeds": 10' in text
    assert parse_experiment(PATH, text) == grown(100)


def test_old_attempts_keep_their_number_their_look_and_their_runs() -> None:
    many = grown(20)
    assert [a.number for a in many.attempts] == list(range(20 - KEPT + 1, 21))
    assert [a.number for a in many.everything] == list(range(1, 21))
    assert many.next_number == 21
    again = many.attempts[-1].but(number=21, commit=f"{1:040x}", tree=f"{1:040x}", verdict=None)
    assert many.looks(again) == (10,)
    runs = {run.id: run for run in many.folded[0].runs}
    assert runs[run_id("acme/retina", f"{1:040x}", {}, 3, 0)].state == "finished"


def test_what_is_not_paid_or_not_over_is_not_folded() -> None:
    aside = Reservation(seeds=(1,), seconds=60, gpus=1)
    assert not grown(20, reserved=aside).folded
    assert grown(20, reserved=aside, spent=Amount()).folded


def test_the_last_report_is_not_folded() -> None:
    one = experiment().with_attempt(attempt(verdict="WIN"))
    for number in range(2, 30):
        one = one.with_attempt(attempt(number=number, purpose="confirm", verdict="INVALID"))
    assert one.searched == attempt(verdict="WIN")


@given(
    st.lists(
        st.tuples(st.sampled_from(["WIN", "LOSS", "UNDECIDED", "INVALID"]), st.integers(0, 3)),
        max_size=25,
    )
)
def test_folding_changes_no_looks(launches: list[tuple[str, int]]) -> None:
    folding, whole = experiment(), []
    for number, (verdict, tree) in enumerate(launches, 1):
        one = attempt(
            ("finished",) * (number % 4 + 2), number=number, verdict=verdict, tree=str(tree)
        )
        folding, whole = folding.with_attempt(one), [*whole, one]
    last: Attempt = attempt(number=99, tree="1")
    assert folding.looks(last) == experiment(attempts=tuple(whole)).looks(last)


# Tries


def test_tries_are_counted_per_change_and_kept() -> None:
    ledger = Ledger("head").released(V1)
    asks = experiment()
    for number, (tree, purpose, verdict) in enumerate(
        [
            ("a", "search", "UNDECIDED"),
            ("a", "search", "WIN"),  # the same change again, which wins now
            ("a", "confirm", "NOT_CONFIRMED"),
            ("b", "search", "INVALID"),
            ("b", "search", "WIN"),
            ("b", "search", "WIN"),
            ("b", "confirm", "CONFIRMED"),
            ("c", "search", "LOSS"),
        ],
        1,
    ):
        one = attempt(number=number, tree=tree, purpose=purpose)
        before = asks.with_attempt(one)
        asks = before.with_attempt(one.but(verdict=verdict))
        ledger = ledger.put(asks).counted(before)
        ledger = ledger.put(asks).counted(asks)  # nothing new, so nothing counts
    assert ledger.tries("baseline-v1") == Tries(changes=3, wins=2, confirmed=1, not_confirmed=1)
    assert ledger.tries("baseline-v1").all == 4
    assert ledger.tries("baseline-v9") == Tries()
    again = ledger.released(BaselineRef(tag="baseline-v1", commit="aaa", seconds=60))
    assert again.tries("baseline-v1").changes == 3


def test_the_check_value_does_not_depend_on_order() -> None:
    assert check_value({"a": 1, "b": [1, 2]}) == check_value({"b": [1, 2], "a": 1})
    assert check_value({"a": 1}) != check_value({"a": 2})
    assert re.fullmatch("[0-9a-f]{12}", check_value({}))


# Closed and opened again


def close(scene: Scene, pull: int, *, is_open: bool = False) -> None:
    scene.forge.pulls[pull] = replace(scene.forge.pulls[pull], is_open=is_open)


def test_an_experiment_whose_pr_is_closed_is_put_away_and_comes_back(scene: Scene) -> None:
    pull = scene.experiment("No gain", "model.width=65")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    (before,) = scene.forge.read_ledger().experiments.values()
    close(scene, pull)
    other = scene.experiment("Larger learning rate", "lr=0.02")
    scene.writes("ada", other, "/launch")
    scene.run(Rang("schedule"))
    assert scene.forge.read_ledger().at(pull) is None
    path = f"ledger/closed/{before.number}.json"
    shut = parse_experiment(path, scene.forge.book[path])
    assert shut == before.but(phase="closed")
    close(scene, pull, is_open=True)
    scene.writes("ada", pull, "/launch seeds=+3")
    back = scene.forge.read_ledger().at(pull)
    assert back
    assert [a.number for a in back.attempts] == [1, 2]
    assert back.looks(back.attempts[1]) == (3,)
    assert path not in scene.forge.book


def test_a_new_pr_of_the_same_branch_goes_on_with_the_experiment(scene: Scene) -> None:
    pull = scene.experiment("No gain", "model.width=65")
    scene.writes("ada", pull, "/launch")
    scene.rings()
    close(scene, pull)
    other = scene.forge.add_pull(scene.forge.pulls[pull].branch, "No gain, again", "ada")
    scene.writes("ada", other, "/launch seeds=+3")
    known = scene.forge.read_ledger().at(other)
    assert known
    assert [a.number for a in known.attempts] == [1, 2]
    assert scene.forge.said_at(other)
    scene.rings()
    assert known.place == other
    assert any(c.key == "report:2" for c in scene.forge.said_at(other))
