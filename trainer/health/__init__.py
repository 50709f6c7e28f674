"""How a run can ail or fail: kinds, exit codes, signals, detectors, and the record it leaves."""

from trainer.health.failure import (
    EXITS,
    ConfigError,
    DataError,
    Failure,
    Hang,
    NonFiniteError,
    OutOfMemory,
    PeerLost,
    Preempted,
    Stop,
    advice,
    exit_code,
    out_of_memory,
)
from trainer.health.record import RECORD, Evidence, forget, keep, merge, versions
from trainer.health.remedies import suggest
from trainer.health.watchdog import Watchdog

__all__ = [
    "EXITS",
    "RECORD",
    "ConfigError",
    "DataError",
    "Evidence",
    "Failure",
    "Hang",
    "NonFiniteError",
    "OutOfMemory",
    "PeerLost",
    "Preempted",
    "Stop",
    "Watchdog",
    "advice",
    "exit_code",
    "forget",
    "keep",
    "merge",
    "out_of_memory",
    "suggest",
    "versions",
]
