"""Before anything is spent: what is said about the gain that somebody hopes for."""

from dataclasses import replace
from pathlib import Path
from statistics import fmean

import pytest

from bot.comments import render
from bot.core.deciding import Deciding
from bot.core.interval import Interval, Sample
from bot.core.power import chances, reachable
from bot.core.spending import level
from bot.handlers.judging import read
from bot.handlers.outlook import outlook
from bot.replies import Ready, Report
from tests.bot.examples.ideas import JUDGING
from tests.bot.examples.report import FUTILE, UNDECIDED
from tests.bot.examples.team import BASELINE, HOPELESS, UNSURE
from tests.bot.scene import Scene

SEES = "Against the baseline's 10 seeds, 5 seeds find a gain of 0.0032 in four tries of five."


@pytest.mark.parametrize(
    ("hope", "said"),
    [
        (0.005, " You expect 0.005: enough.\n"),
        (0.001, " You expect 0.001, less than is worth a merge.\n"),
        (
            0.0025,
            " You expect 0.0025, which they would often miss. 15 seeds, the most that are planned, "
            "find 0.0024 for 10.5 GPU-hours, $25.20.\n",
        ),
        (
            None,
            " 15 seeds, the most that are planned, find 0.0024 for 10.5 GPU-hours, $25.20.\n",
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


def test_more_seeds_that_see_no_less_are_not_offered() -> None:
    enough = replace(JUDGING.first, gain=JUDGING.min_effect)
    last = replace(JUDGING.last, gain=JUDGING.min_effect)
    body = render(Ready(47, "exp/41", replace(JUDGING, first=enough, last=last, hope=None), "", ""))
    assert "5 seeds find a gain of 0.0020 in four tries of five.\n" in body


def test_rounding_hides_no_verdict() -> None:
    interval = Interval(0.0, -0.002, 0.0019996, 0.03)
    loss = replace(UNDECIDED, outcome="LOSS", rows=(replace(UNDECIDED.rows[0], interval=interval),))
    body = render(loss)
    assert "No gain worth having: 0.0019996 at most, where 0.002 would be worth a merge." in body
    interval = Interval(0.002, -0.00003, 0.004, 0.03)
    rows = (replace(UNDECIDED.rows[0], interval=interval),)
    body = render(replace(UNDECIDED, rows=rows))
    assert body.startswith("### 🟨 UNDECIDED · val/dice +0.0020 (−0.00003 to +0.0040)")
    assert "It costs no more than 0.00003." in body


def test_so_few_seeds_that_no_gain_can_be_seen_are_told_of(tmp_path: Path) -> None:
    scene = Scene.measured(tmp_path)
    scene.configure(seeds={"experiment": (1, 2)})
    held = read(scene.world, "baseline-v1")
    few = held.but(seeds=held.seeds[:2])
    seen = outlook(scene.world, few, "")
    assert (seen.first.gain, seen.last.gain) == (None, None)
    body = render(Ready(47, "exp/41", seen, "", ""))
    assert "the baseline's 2 seeds, 2 seeds cannot show a gain, however large it is" in body
    more = outlook(scene.world, held.but(seeds=held.seeds[:4]), "")
    body = render(Ready(47, "exp/41", more, "", ""))
    assert "4 seeds, the most that are planned, find 0.00" in body


def test_more_seeds_see_smaller_gains_and_cost_more(tmp_path: Path) -> None:
    scene = Scene.measured(tmp_path)
    seen = outlook(scene.world, read(scene.world, "baseline-v1"), "0.02 on val/acc")
    assert (seen.first.seeds, seen.last.seeds, seen.hope) == (3, 6, 0.02)
    assert 0 < seen.last.gain < seen.first.gain < 0.02
    assert seen.last.price.gpu_hours == pytest.approx(2 * seen.first.price.gpu_hours)


def test_a_share_is_told_in_the_metrics_unit(tmp_path: Path) -> None:
    scene = Scene.measured(tmp_path)
    scene.configure(metric={"min_effect": "5%"})
    held = read(scene.world, "baseline-v1")
    worth = 0.05 * fmean(held.values("val/acc"))
    seen = outlook(scene.world, held, "")
    assert seen.min_effect == pytest.approx(worth)
    assert seen.first.gain == seen.last.gain == seen.min_effect
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
    found = chances([Deciding("val/dice", 1, report.min_effect, sample, BASELINE)], looks)
    shown = [(option.win, option.loss) for option in report.options]
    assert shown == [pytest.approx((each.win, each.loss), abs=0.006) for each in found]
    assert reachable(found) is (report is UNDECIDED)
    assert ("A WIN is out of reach" in render(report)) is (report is FUTILE)
