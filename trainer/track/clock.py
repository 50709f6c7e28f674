"""Where a process's time and memory go, epoch by epoch."""

import resource
import sys
import time
from collections.abc import Callable

import torch

COLD_STEPS = 10
"""First steps of a process: caches are cold and kernels are being chosen."""
PEAK_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024
"""What the system counts a process's peak memory in."""


class Clock:
    """Times the steps of an epoch.

    Args:
        device: What is computed on; a GPU's steps are timed as they are given to it.
        now: Gives the time, in seconds.
    """

    def __init__(self, device: torch.device, now: Callable[[], float] = time.perf_counter) -> None:
        self._device, self._now, self._cold = device, now, COLD_STEPS
        self._steps: list[float] = []
        self._waited = self._tracked = 0.0
        self._since = self._began = now()

    def begin_step(self) -> None:
        """Says that a step begins, with waiting for its data."""
        self._began = self._now()

    def have_data(self) -> None:
        """Says that the step's data is there."""
        self._waited += self._now() - self._began

    def end_step(self) -> None:
        """Says that the weights have moved."""
        self._steps.append(self._now() - self._began)

    def epoch_values(self, tracked: float) -> dict[str, float]:
        """What the epoch took; the next one begins.

        Args:
            tracked: Seconds spent on tracking since the process began.
        """
        now = self._now()
        wall = now - self._since
        usage = resource.getrusage(resource.RUSAGE_SELF)
        steps = sorted(self._steps[self._cold :] or self._steps)
        values = {
            "perf/step_ms_p50": 1000 * steps[len(steps) // 2],
            "perf/step_ms_p95": 1000 * steps[len(steps) * 95 // 100],
            "perf/data_frac": self._waited / wall,
            "perf/track_frac": (tracked - self._tracked) / wall,
            "perf/rss_gb": PEAK_UNIT_BYTES * usage.ru_maxrss / 1e9,
        }
        if self._device.type == "cuda":
            values["perf/gpu_mem_gb"] = torch.cuda.max_memory_allocated(self._device) / 1e9
        self._cold = max(self._cold - len(self._steps), 0)
        self._steps, self._waited = [], 0.0
        self._since, self._tracked = now, tracked
        return values
