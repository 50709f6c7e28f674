"""The trainer with a model that goes wrong at its third training step, as FAULT says.

With FAULTY_RANK it does so in that process only. A team's own model may do the same any day.
"""

import os
import signal
import sys
import time

import torch
from torch import Tensor, nn

from trainer import models
from trainer.__main__ import main


class Faulty(nn.Sequential):
    """Two layers; `2` is the second."""

    def __init__(self, *_: object) -> None:
        super().__init__(nn.Flatten(), nn.Linear(64, 16), nn.Linear(16, 10))
        self._calls = 0

    def forward(self, images: Tensor) -> Tensor:
        """Answers, but for the third time in training."""
        self._calls += self.training
        here = os.environ.get("FAULTY_RANK", "0") == os.environ.get("RANK", "0")
        if not (self.training and here and self._calls >= 3):
            return super().forward(images)
        match os.environ["FAULT"]:
            case "nan":
                with torch.no_grad():
                    self[2].bias[3] = float("nan")
            case "crash":
                raise ValueError("a shape that nobody expected")
            case "oom":
                torch.empty(1 << 60)
            case "hang":
                time.sleep(3600)
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
        return super().forward(images)


if __name__ == "__main__":
    models.MODELS["mlp"] = Faulty
    sys.exit(main(sys.argv[1:]))
