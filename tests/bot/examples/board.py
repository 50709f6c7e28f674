"""Experiments side by side."""

from dataclasses import replace

from bot.core.attempt import Gain
from bot.core.board import Ranked
from bot.core.comparability import Parity
from bot.core.contest import contest
from bot.core.interval import Sample, welch
from bot.core.results import MetricRow
from bot.replies import ArmRow, Comparison, Contest, Figures, Leaderboard, Reply, Unlike
from tests.bot.examples.team import BASELINE, FLAT, RELEASE_URL, REPOSITORY, WINNER, finished

NAMES = {"ema": "#47", "flat": "#52", "v6": "baseline-v6", "one": "3kx9w2p1"}


def _contest(metric: str, goal: str, **samples: Sample) -> Contest:
    named = {NAMES[name]: sample for name, sample in samples.items()}
    if goal == "maximize":
        return Contest(metric, "maximize", named, contest(named, 1))
    return Contest(metric, "minimize", named, contest(named, -1))


def _gain(difference: float, lower: float, upper: float) -> Gain:
    return Gain(difference=difference, lower=lower, upper=upper, alpha=0.0335)


def _arm(name: str, title: str, commit: str, sample: Sample, untrained: int = 0) -> ArmRow:
    return ArmRow(NAMES[name], title, commit, untrained, finished(sample, f"lh-{name}"))


ARMS = (
    _arm("ema", "EMA of the weights", "3f9c1e2", WINNER),
    _arm("flat", "RandAugment", "a81f0c4", FLAT, untrained=2),
    _arm("v6", "", "d04e7b1", BASELINE),
)
THREE = Comparison(
    primary=_contest("val/dice", "maximize", ema=WINNER, flat=FLAT, v6=BASELINE),
    guards=(
        _contest(
            "val/hd95_mm", "minimize", ema=Sample((2.31, 2.35, 2.28)), flat=Sample((2.3, 2.4, 2.33))
        ),
    ),
    arms=ARMS,
    unlike=(Unlike("#47", "#52", Parity("device", "A100 80 GB", "H100", "differs")),),
)
ONE = Sample((0.8466,))
HD95 = Sample((2.31, 2.44, 2.38, 2.33, 2.37))
HD95_EMA = Sample((2.29, 2.35, 2.31, 2.28, 2.36))
BOARD = Leaderboard(
    metric="val/dice",
    goal="maximize",
    baseline="baseline-v6",
    baseline_url=RELEASE_URL,
    rows=(
        Ranked(47, "EMA of the weights", "WIN", _gain(0.0060, 0.0042, 0.0078), 5, 8.4, ""),
        Ranked(52, "RandAugment", "UNDECIDED", _gain(0.0015, -0.0003, 0.0033), 5, 8.4, ""),
        Ranked(49, "Wider decoder", "LOSS", _gain(-0.0021, -0.0040, -0.0002), 5, 0.0, ""),
        Ranked(44, "Tversky loss", "WIN", _gain(0.0041, 0.0011, 0.0071), 10, 16.8, "baseline-v5"),
    ),
    history={"baseline-v3": 0.8335, "baseline-v4": 0.8379, "baseline-v6": 0.8412},
    tries=12,
    wins=2,
    false_wins=0.6,
    confirmation=0.0115,
)
BOARD_EXAMPLES: dict[str, Reply] = {
    "figures": Figures(
        name="#47",
        title="EMA of the weights",
        commit="3f9c1e2",
        attempt=1,
        verdict="WIN",
        report_url=f"{REPOSITORY}/issues/47#issuecomment-9",
        baseline="baseline-v6",
        baseline_url=RELEASE_URL,
        rows=(
            MetricRow(
                "val/dice",
                "maximize",
                BASELINE,
                WINNER,
                welch(WINNER, BASELINE, 0.0335),
                None,
                None,
            ),
            MetricRow(
                "val/hd95_mm",
                "minimize",
                HD95,
                HD95_EMA,
                welch(HD95_EMA, HD95, 0.025),
                "0.15",
                True,
            ),
        ),
        runs=ARMS[0].runs,
        untrained=0,
    ),
    "figures_early": Figures(
        name="#52",
        title="RandAugment",
        commit="a81f0c4",
        attempt=2,
        verdict=None,
        report_url="",
        baseline="baseline-v6",
        baseline_url=RELEASE_URL,
        rows=(MetricRow("val/dice", "maximize", BASELINE, FLAT, None, None, None),),
        runs=ARMS[1].runs,
        untrained=2,
    ),
    "figures_one_run": Figures(
        name="3kx9w2p1",
        title="",
        commit="",
        attempt=None,
        verdict=None,
        report_url="",
        baseline="",
        baseline_url="",
        rows=(MetricRow("val/dice", "maximize", None, ONE, None, None, None),),
        runs=_arm("one", "", "", ONE).runs,
        untrained=0,
    ),
    "leaderboard": BOARD,
    "leaderboard_unpriced": replace(
        BOARD, rows=tuple(replace(row, usd=0.0) for row in BOARD.rows), tries=0, history={}
    ),
    "leaderboard_empty": Leaderboard("val/dice", "maximize", "", "", (), {}, 0, 0, 0.0, 0.0),
    "comparison": THREE,
    "comparison_two": replace(
        THREE,
        primary=_contest("val/dice", "maximize", ema=WINNER, v6=BASELINE),
        guards=(),
        arms=(ARMS[0], ARMS[2]),
        unlike=(),
    ),
    "comparison_alike": replace(
        THREE,
        primary=_contest("val/dice", "maximize", flat=FLAT, v6=BASELINE),
        guards=(),
        arms=ARMS[1:],
        unlike=(),
    ),
    "comparison_one_run": replace(
        THREE,
        primary=_contest("val/dice", "maximize", one=ONE, v6=BASELINE),
        guards=(),
        arms=(_arm("one", "", "", ONE), ARMS[2]),
        unlike=(),
    ),
}
