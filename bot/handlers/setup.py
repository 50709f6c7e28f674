"""`bot setup`: create what GitHub and W&B need, once."""

from bot.events import LABEL
from bot.handlers import leaderboard
from bot.ports import World

SECRET = "GITHUB_DISPATCH_TOKEN"  # noqa: S105 - the name of W&B's secret, not a secret
"""The team secret in W&B that holds the token with which its webhook rings; made in W&B's pages."""


def setup(world: World) -> tuple[str, ...]:
    """Create the label, the queues, the webhook and the automation that are missing.

    Returns:
        What was created, in words; empty when everything was there.
    """
    made = []
    if world.forge.create_label(LABEL, "0969da", "An idea for Labhand to try"):
        made.append(f"the label `{LABEL}`")
    if number := leaderboard.create(world):
        made.append(f"the leaderboard, issue #{number}")
    environment = world.environment
    hook = f"{environment.api_url}/repos/{environment.repository}/dispatches"
    metric = world.config.metric.name if world.config.seeds.canary else None
    return (*made, *world.tracker.setup(list(world.config.queues), hook, SECRET, metric))
