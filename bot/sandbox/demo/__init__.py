"""The demonstration: the whole loop with the real clients and real training, on this machine."""

from bot.sandbox.demo.main import main

__all__ = ["main"]
