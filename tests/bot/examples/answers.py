"""Answers that carry no figures."""

from bot.replies import Help, Manual, Noted, Problem, Reply, Trouble
from tests.bot.examples.team import WORKFLOW

ANSWER_EXAMPLES: dict[str, Reply] = {
    "problem": Problem("There is no `/lanch`. Did you mean `/launch`?"),
    "trouble": Trouble(WORKFLOW),
    "help": Help("| you write | it does |\n|:--|:--|\n| `/status` | look at W&B now |"),
    "noted": Noted(
        "The queue is [locked](https://github.com/acme/retina/issues/47#issuecomment-9) by octocat "
        "until 21 November 14:03 UTC: the cluster is being moved."
    ),
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
