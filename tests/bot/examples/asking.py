"""What a command would do and cost, and how the budget stands."""

from dataclasses import replace

from bot.core.cost import Amount
from bot.core.price import Price
from bot.replies import Asked, Budget, DryRun, Plan, Quote, Reply
from tests.bot.examples.team import COMMIT

LAUNCH = Plan(
    command="/launch seeds=+5",
    does="train this PR with the experiment's seeds; the verdict comes as a comment",
    commit=COMMIT,
    branch="exp/41-ema-weights",
    queue="a100",
    seeds=(6, 7, 8, 9, 10),
    kept=(1, 2, 3, 4, 5),
    overrides={"model.ema_decay": "0.999"},
    baseline="baseline-v6",
    price=Price(3.5, 8.4, 12600),
)
PICK = Plan(
    command="/pick",
    does="turn this idea into a branch and a draft PR, as the label `experiment` does",
    commit=None,
    branch="exp/41-ema-weights",
    queue=None,
    seeds=(),
    kept=(),
    overrides={},
    baseline=None,
    price=None,
)
BUDGET = Budget(
    month="2026-11",
    everybody=Amount(gpu_hours=88.1, gpu_usd=211.39, model_usd=2.61),
    aside=Amount(gpu_hours=3.5, gpu_usd=8.40),
    limit=900.0,
    people={
        "octocat": Amount(gpu_hours=60.1, gpu_usd=144.19, model_usd=2.61),
        "ada_[lovelace]": Amount(gpu_hours=28.0, gpu_usd=67.20),
    },
    person_limit=300.0,
    experiment=Amount(gpu_hours=3.5, gpu_usd=8.40, model_usd=0.61),
    experiment_limit=60.0,
    priced=("a100", "tokens"),
    role="maintain",
)
ASKING_EXAMPLES: dict[str, Reply] = {
    "dry_run": DryRun(LAUNCH, asks=True),
    "dry_run_pick": DryRun(PICK, asks=False),
    "asked": Asked(LAUNCH, "octocat", 60),
    "asked_unknown_price": Asked(replace(LAUNCH, price=None, baseline=None), "octocat", 60),
    "quote": Quote(LAUNCH),
    "budget": BUDGET,
    "budget_without_limits": Budget(
        month="2026-11",
        everybody=Amount(gpu_hours=3.5, gpu_usd=8.40),
        aside=Amount(),
        limit=None,
        people={"octocat": Amount(gpu_hours=3.5, gpu_usd=8.40)},
        person_limit=None,
        experiment=None,
        experiment_limit=None,
        priced=("a100",),
        role="maintain",
    ),
    "budget_unpriced": Budget(
        month="2026-11",
        everybody=Amount(gpu_hours=3.5),
        aside=Amount(),
        limit=None,
        people={"octocat": Amount(gpu_hours=3.5)},
        person_limit=None,
        experiment=Amount(gpu_hours=3.5),
        experiment_limit=None,
        priced=(),
        role="maintain",
    ),
}
