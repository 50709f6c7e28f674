"""Replies to commands themselves: dry runs, questions, prices, locks, what a command is."""

from dataclasses import replace

from bot.core.price import Price
from bot.replies import Asked, DryRun, IdeaBody, Manual, Noted, Opened, Plan, Quote, Reply

LAUNCH = Plan(
    command="/launch seeds=+5",
    does="train this PR with the experiment's seeds; the verdict comes as a comment",
    commit="3f9c1e2ab04d4d7d8a7ee3a10d3b3b3c0f1a2b3c",
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
COMMAND_EXAMPLES: dict[str, Reply] = {
    "dry_run": DryRun(LAUNCH, asks=True),
    "dry_run_pick": DryRun(PICK, asks=False),
    "asked": Asked(LAUNCH, "octocat", 60),
    "asked_unknown_price": Asked(replace(LAUNCH, price=None, baseline=None), "octocat", 60),
    "quote": Quote(LAUNCH),
    "noted": Noted(
        "The queue is [locked](https://github.com/acme/retina/issues/47#issuecomment-9) by octocat "
        "until 21 November 14:03 UTC: the cluster is being moved."
    ),
    "opened": Opened(53),
    "idea_body": IdeaBody("a larger learning rate", {"optimizer.lr": "0.02"}, "octocat"),
    "idea_body_code": IdeaBody("EMA of the weights; ask @nobody", {}, "octocat"),
    "manual": Manual(
        usage="/launch [seeds=…] [commit=…] [setting=…]",
        does="train this PR with the experiment's seeds; the verdict comes as a comment",
        aliases=("/launch-job", "/train"),
        arguments={
            "seeds=": "a number of seeds such as `5`, or more of them such as `+3`",
            "commit=": "a commit of this PR, 7 to 40 hexadecimal digits",
        },
        role="write",
        where="a PR",
        costs="GPU time of what it trains; it asks first above `budget.ask_above`",
        example="/launch seeds=+3",
        settings=True,
        dry=True,
    ),
}
