"""What Labhand needs of a program that is not its own: `lightning_style.py lr=0.1 seed=1`."""

import json
import math
import os
import sys
from pathlib import Path

import wandb

SETTINGS = {"lr": 0.1, "seed": 1.0, "epochs": 5.0}


class Line:
    """Shaped like a LightningModule, though too small to need one: learns y = 2x."""

    weight, steps = 0.0, 0

    def training_step(self, x: float, lr: float) -> float:
        self.steps += 1
        error = self.weight * x - 2 * x
        self.weight -= lr * error * x
        return error**2

    def validation_step(self) -> dict[str, float]:
        error = abs(self.weight - 2)
        return {"val/loss": error**2, "val/acc": math.exp(-error)}


def fit(module: Line, settings: dict[str, float], run: wandb.Run) -> None:
    """What a Trainer does; a callback would log."""
    pictures = [math.sin(settings["seed"] + number) for number in range(50)]
    for _ in range(int(settings["epochs"])):
        loss = sum(module.training_step(x, settings["lr"]) for x in pictures) / len(pictures)
        run.log({"train/loss": loss, **module.validation_step()})
    run.summary["train/samples_seen"] = module.steps


# The contract, docs/contract.md. First of all the run, so that whatever fails has one to fail in;
# a queue can hold a run twice, and the second must not write into the first.
with wandb.init(resume=os.environ.get("WANDB_RESUME", "never")) as run:
    run.summary["run/status"] = "running"
    module, settings = Line(), dict(SETTINGS)
    try:
        words = (word.removeprefix("--").split("=") for word in sys.argv[1:])
        settings |= {name: float(text) for name, text in words}
        run.config.update(settings, allow_val_change=True)
        fit(module, settings, run)
        run.summary["run/status"] = "finished"
    except Exception as error:
        kind = "nan" if isinstance(error, ArithmeticError) else "crash"
        failure = {"kind": kind, "message": str(error)[:2000], "step": module.steps}
        run.summary.update({f"failure/{name}": value for name, value in failure.items()})
        run.summary["run/status"] = kind
        cure = [{"why": "a smaller step may keep it finite", "set": {"lr": settings["lr"] / 10}}]
        record = Path(run.dir, "failure.json")
        record.write_text(json.dumps(failure | {"suggest": cure if kind == "nan" else []}))
        run.save(record, base_path=run.dir, policy="now")
        raise  # the exit code is not 0: W&B calls the run failed
