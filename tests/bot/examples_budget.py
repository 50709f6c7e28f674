"""Examples of what the bot says of money."""

from bot.core.budget import Spending
from bot.core.cost import Amount
from bot.replies import Budget, Reply

SPENDING = Spending(
    amount=Amount(gpu_hours=3.5, gpu_usd=8.40, model_usd=0.61),
    limit=30.0,
    month=Amount(gpu_hours=88.1, gpu_usd=211.39, model_usd=2.61),
    month_limit=900.0,
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
BUDGET_EXAMPLES: dict[str, Reply] = {
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
