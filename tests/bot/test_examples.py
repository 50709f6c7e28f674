"""Results by example: what is taken from a run, what follows from it, and where it is said."""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.baseline import parse
from bot.core.examples import CAUTION, MOST, by_example, kept
from bot.core.interval import bootstrap
from bot.core.verdict import CLOSER
from bot.handlers.results import last_report
from bot.ports import Launch
from tests.bot.scene import Scene, outcome
from tests.fakes import FakeRun

KEY = "examples/val/acc"


@pytest.mark.parametrize(
    ("logged", "value", "held"),
    [
        (None, 0.5, ""),
        ("0110", 0.5, "0110"),
        ([True, False, False, False], 0.25, "1000"),
        ([1, -0.0, 0, 1.0], 0.5, "1001"),
        ([0.25, 0.1234567], 0.18672835, "0.25 0.123457"),
        ([0.25, 0.1234567], 0.1867283, "0.25 0.123457"),
        ([1, 10], 5.5, "1 10"),
        ("1" * MOST, 1.0, "1" * MOST),
    ],
)
def test_what_a_run_logged_is_held_compactly(logged: object, value: float, held: str) -> None:
    assert kept(logged, value) == held


@pytest.mark.parametrize(
    ("logged", "value", "words"),
    [
        ("", 0.0, "no text or list"),
        ("1", 1.0, "no text or list"),
        ("1" * (MOST + 1), 1.0, "no text or list"),
        ({"_type": "histogram", "values": [1, 2]}, 0.5, "no text or list"),
        (0.5, 0.5, "no text or list"),
        ("01 10", 0.5, "something else than 0 and 1"),
        ("0120", 0.75, "something else than 0 and 1"),
        ("٠١", 0.5, "something else than 0 and 1"),
        (["0", "1"], 0.5, "something else than finite numbers"),
        ([[0, 1], [1, 0]], 0.5, "something else than finite numbers"),
        ([0.0, float("nan")], 0.5, "something else than finite numbers"),
        ([0.0, 10**400], 0.5, "something else than finite numbers"),
        ("0111", 0.5, "its mean is 0.75, and the metric 0.5"),
        ("0110", 50.0, "its mean is 0.5, and the metric 50"),
    ],
)
def test_what_cannot_be_meant_is_refused(logged: object, value: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        kept(logged, value)


def test_the_interval_is_that_of_the_paired_bootstrap() -> None:
    after, before = ("1101", "1001"), ("0101", "1000", "0001")
    found = by_example(after, before)
    assert found
    assert found.examples == 4
    arms = ([[int(digit) for digit in text] for text in arm] for arm in (after, before))
    assert found.interval == bootstrap(*arms, 0.025)
    assert found.interval.difference == pytest.approx(5 / 8 - 4 / 12)
    numbers = by_example(("0.5 0.25 1.5",), ("0.5 0.25 1",))
    assert numbers
    assert (numbers.examples, numbers.interval.difference) == (3, pytest.approx(0.5 / 3))


@pytest.mark.parametrize("arms", [(("01", ""), ("01",)), (("01",), ("10", "")), ((), ("10",))])
def test_a_run_that_logged_nothing_leaves_nothing_to_say(arms: Any) -> None:
    assert by_example(*arms) is None


def test_as_many_examples_are_asked_of_every_run() -> None:
    with pytest.raises(ValueError, match="runs logged from 2 to 3 examples"):
        by_example(("01", "10"), ("011",))


def answers(launch: Launch, better: int, worse: int, of: int = 1000) -> FakeRun:
    """Ninety percent right, and with another rate so many examples more, and so many less."""
    run = outcome(launch)
    seed = int(next(word for word in launch.command if word.startswith("seed=")).split("=")[1])
    right = [True] * (9 * of // 10) + [False] * (of // 10)
    random.Random(seed).shuffle(right)
    if "lr=0.02" in launch.command:
        wrong = [place for place, one in enumerate(right) if not one]
        well = [place for place, one in enumerate(right) if one]
        for place in (*wrong[:better], *well[:worse]):
            right[place] = not right[place]
    text = "".join("01"[one] for one in right)
    values: Mapping[str, Any] = {**run.values, "val/acc": sum(right) / of, KEY: text}
    return replace(run, values=values)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    found = Scene(tmp_path)
    found.tracker.outcome = lambda launch: answers(launch, 20, 0)
    found.baseline()
    return found


def launched(scene: Scene) -> str:
    """A report on another rate."""
    pull = scene.experiment("A larger rate", "lr=0.02")
    scene.writes("grace", pull, "/launch")
    scene.rings()
    return scene.last(pull).body


def test_a_baseline_holds_which_examples_its_seeds_got_right(scene: Scene) -> None:
    text = scene.forge.baseline_asset("baseline-v1")
    held = parse(text).seeds
    assert [seed.examples.count("1") for seed in held] == [900] * 6
    assert len({seed.examples for seed in held}) == 6
    data = json.loads(text)
    for seed in data["seeds"]:
        del seed["examples"]
    assert {seed.examples for seed in parse(json.dumps(data)).seeds} == {""}


def test_a_report_says_what_other_examples_would_have_given(scene: Scene) -> None:
    body = launched(scene)
    assert body.startswith("### ✅ WIN")
    line = next(line for line in body.splitlines() if "own examples" in line)
    assert re.fullmatch(
        r"Over the test set's own examples: \+0\.0200 \(\+0\.01\d\d to \+0\.02\d\d\), paired "
        r"bootstrap over 1,000 examples, averaged over seeds \(95%\)\.",
        line,
    )
    assert CAUTION not in body
    said = last_report(scene.world, f"#{max(scene.forge.pulls)}").by_example
    assert said
    assert said.interval.lower > 0
    assert said.interval.difference == pytest.approx(0.02)


def test_a_win_that_hangs_on_few_examples_is_still_a_win_and_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.tracker.outcome = lambda launch: answers(launch, 9, 7, of=100)
    scene.baseline()
    body = launched(scene)
    assert body.startswith("### ✅ WIN")
    assert f"⚠️ {CAUTION}" in body


@pytest.mark.parametrize("logged", [None, "011", ["x"] * 1000, {"a": 1}, "1" * 1000])
def test_what_cannot_be_used_costs_a_line_and_no_verdict(
    scene: Scene, logged: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    def other(launch: Launch) -> FakeRun:
        run = answers(launch, 20, 0)
        return replace(run, values={**run.values, KEY: logged})

    scene.tracker.outcome = other
    body = launched(scene)
    assert body.startswith("### ✅ WIN")
    assert "own examples" not in body
    assert ("results by example are not used" in caplog.text) == (logged is not None)


def test_another_number_of_examples_costs_the_line(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    scene.tracker.outcome = lambda launch: answers(launch, 10, 0, of=500)
    body = launched(scene)
    assert body.startswith("### ✅ WIN")
    assert "own examples" not in body
    assert "runs logged from 500 to 1000 examples" in caplog.text


def test_other_data_cost_the_line(tmp_path: Path) -> None:
    scene = Scene(tmp_path)

    def on(data: int) -> None:
        def logged(launch: Launch) -> FakeRun:
            run = answers(launch, 20, 0)
            return replace(run, values={**run.values, "data/digest": data})

        scene.tracker.outcome = logged

    on(1)
    scene.baseline()
    on(2)
    body = launched(scene)
    assert "NOT COMPARABLE" in body
    assert "own examples" not in body


def test_a_report_says_where_its_seeds_lie_suspiciously_close(tmp_path: Path) -> None:
    def close(launch: Launch) -> FakeRun:
        run = outcome(launch)
        if "lr=0.02" not in launch.command:
            return run
        accuracy = 0.92 + run.values["train/minutes"] * 1e-6
        return replace(run, values={**run.values, "val/acc": accuracy})

    scene = Scene(tmp_path)
    scene.tracker.outcome = close
    scene.baseline()
    body = launched(scene)
    assert body.startswith("### ✅ WIN")
    assert f"⚠️ {CLOSER}" in body
