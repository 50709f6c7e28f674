"""Replies that set experiments side by side."""

from dataclasses import replace

from bot.core.attempt import Gain
from bot.core.board import Ranked
from bot.core.comparability import Parity
from bot.core.contest import contest
from bot.core.interval import Sample, welch
from bot.core.results import MetricRow, RunRow
from bot.replies import ArmRow, Comparison, Contest, Figures, Leaderboard, Reply, Unlike

WANDB = "https://wandb.ai/acme/retina"
V6 = Sample((0.8431, 0.8389, 0.8420, 0.8402, 0.8437, 0.8398, 0.8415, 0.8381, 0.8429, 0.8418))
EMA = Sample((0.8462, 0.8489, 0.8471, 0.8455, 0.8483))
FLAT = Sample((0.8401, 0.8413, 0.8409, 0.8416, 0.8404))


def _contest(metric: str, goal: str, **samples: Sample) -> Contest:
    named = {NAMES[name]: sample for name, sample in samples.items()}
    if goal == "maximize":
        return Contest(metric, "maximize", named, contest(named, 1))
    return Contest(metric, "minimize", named, contest(named, -1))


def _gain(difference: float, lower: float, upper: float) -> Gain:
    return Gain(difference=difference, lower=lower, upper=upper, alpha=0.0335)


NAMES = {"ema": "#47", "flat": "#52", "v6": "baseline-v6", "one": "3kx9w2p1"}


def _arm(name: str, title: str, commit: str, sample: Sample, untrained: int = 0) -> ArmRow:
    runs = tuple(
        RunRow(seed, "finished", f"{WANDB}/runs/lh-{name}-s{seed}", 9600, value)
        for seed, value in enumerate(sample.values, 1)
    )
    return ArmRow(NAMES[name], title, commit, untrained, runs)


ARMS = (
    _arm("ema", "EMA of the weights", "3f9c1e2", EMA),
    _arm("flat", "RandAugment", "a81f0c4", FLAT, untrained=2),
    _arm("v6", "", "d04e7b1", V6),
)
THREE = Comparison(
    primary=_contest("val/dice", "maximize", ema=EMA, flat=FLAT, v6=V6),
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
RELEASE = "https://github.com/acme/retina/releases/tag/baseline-v6"
BOARD = Leaderboard(
    metric="val/dice",
    goal="maximize",
    baseline="baseline-v6",
    baseline_url=RELEASE,
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
        report_url="https://github.com/acme/retina/issues/47#issuecomment-9",
        baseline="baseline-v6",
        baseline_url=RELEASE,
        rows=(
            MetricRow("val/dice", "maximize", V6, EMA, welch(EMA, V6, 0.0335), None, None),
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
        baseline_url=RELEASE,
        rows=(MetricRow("val/dice", "maximize", V6, FLAT, None, None, None),),
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
    "leaderboard_empty": Leaderboard("val/dice", "maximize", "", "", (), {}, 0, 0, 0.0, 0.0),
    "comparison": THREE,
    "comparison_two": replace(
        THREE,
        primary=_contest("val/dice", "maximize", ema=EMA, v6=V6),
        guards=(),
        arms=(ARMS[0], ARMS[2]),
        unlike=(),
    ),
    "comparison_alike": replace(
        THREE,
        primary=_contest("val/dice", "maximize", flat=FLAT, v6=V6),
        guards=(),
        arms=ARMS[1:],
        unlike=(),
    ),
    "comparison_one_run": replace(
        THREE,
        primary=_contest("val/dice", "maximize", one=ONE, v6=V6),
        guards=(),
        arms=(_arm("one", "", "", ONE), ARMS[2]),
        unlike=(),
    ),
}
