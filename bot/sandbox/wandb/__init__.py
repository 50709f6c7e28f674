"""The sandbox's W&B: enough of it for the real SDK, its Api, Launch and automations."""

from bot.sandbox.wandb.app import Wandb
from bot.sandbox.wandb.limits import Limits
from bot.sandbox.wandb.state import Delivery, Run

__all__ = ["Delivery", "Limits", "Run", "Wandb"]
