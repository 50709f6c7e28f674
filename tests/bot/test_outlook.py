"""Before anything is spent: what is said about the gain that somebody hopes for."""

from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from bot.comments import render
from bot.core.interval import Sample
from bot.core.power import chances, reachable
from bot.core.spending import level
from bot.handlers.judging import read
from bot.handlers.outlook import outlook
from bot.replies import Ready, Report
from tests.bot.examples import BASELINE, FUTILE, HOPELESS, JUDGING, UNDECIDED, UNSURE
from tests.bot.scene import Scene

SEES = "Against the baseline's 10 seeds, 5 seeds find a gain of 0.0029 in four tries of five."


@pytest.mark.parametrize(
    ("hope", "said"),
    [
        (0.005, " You expect 0.005: enough.\n"),
        (0.001, " You expect 0.001, less than is worth a merge.\n"),
        (
            0.0025,
            " You expect 0.0025, which they would often miss. 15 seeds, the most that are planned, "
            "find 0.0023 for 10.5 GPU-hours, $25.20.\n",
        ),
        (
            None,
            " 15 seeds, the most that are planned, find 0.0023 for 10.5 GPU-hours, $25.20.\n",
        ),
    ],
)
def test_what_seeds_can_see_of_a_hope(hope: float | None, said: str) -> None:
    body = render(Ready(47, "exp/41", replace(JUDGING, hope=hope), "", ""))
    assert f"- {SEES}{said}" in body


def test_where_no_more_seeds_are_planned_none_are_offered() -> None:
    judging = replace(JUDGING, last=JUDGING.first, hope=0.0025)
    body = render(Ready(47, "exp/41", judging, "", ""))
    assert (
        f"- {SEES} You expect 0.0025, which they would often miss; more are not planned.\n" in body
    )
    body = render(Ready(47, "exp/41", replace(judging, hope=None), "", ""))
    assert f"- {SEES}\n" in body


def test_more_seeds_see_smaller_gains_and_cost_more(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.baseline()
    seen = outlook(scene.world, read(scene.world, "baseline-v1"), "0.02 on val/acc")
    assert (seen.first.seeds, seen.last.seeds, seen.hope) == (3, 6, 0.02)
    assert 0 < seen.last.gain < seen.first.gain < 0.02
    assert seen.last.price.gpu_hours == pytest.approx(2 * seen.first.price.gpu_hours)


def test_a_share_is_told_in_the_metrics_unit(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.baseline()
    scene.configure(metric={"min_effect": "5%"})
    held = read(scene.world, "baseline-v1")
    worth = 0.05 * fmean(held.values("val/acc"))
    assert outlook(scene.world, held, "").min_effect == pytest.approx(worth)
    pull = scene.experiment("A larger rate", "lr=0.02")
    scene.writes("grace", pull, "/launch")
    scene.rings()
    body = scene.last(pull).body
    assert body.startswith("### 🟥 LOSS")
    assert "where 0.045 would be worth a merge" in body
    experiment = scene.forge.read_ledger().at(pull)
    assert experiment
    assert experiment.frozen
    assert experiment.frozen.metric.min_effect == "5%"


@pytest.mark.parametrize(("report", "sample"), [(UNDECIDED, UNSURE), (FUTILE, HOPELESS)])
def test_the_chances_that_a_report_shows_are_those_of_its_seeds(
    report: Report, sample: Sample
) -> None:
    looks = {seeds: level(seeds, (5,), 15, 10) for seeds in (10, 15)}
    found = chances(sample, BASELINE, looks, sign=1, min_effect=report.min_effect)
    shown = [(option.win, option.loss) for option in report.options]
    assert shown == [pytest.approx((each.win, each.loss), abs=0.006) for each in found]
    assert reachable(found) is (report is UNDECIDED)
    assert ("A WIN is out of reach" in render(report)) is (report is FUTILE)
