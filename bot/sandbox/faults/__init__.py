"""What can go wrong between a program and the sandbox: scripted, seeded, and written down."""

from bot.sandbox.faults.fault import Fault
from bot.sandbox.faults.faults import Faults, Struck
from bot.sandbox.faults.mail import Carry, carry_at_once

__all__ = ["Carry", "Fault", "Faults", "Struck", "carry_at_once"]
