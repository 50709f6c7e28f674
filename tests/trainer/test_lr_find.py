"""The search for a learning rate: untouched weights, and suggestions that train."""

import math

import pytest
import torch

from trainer.config import resolve
from trainer.lr_find import HIGHEST, LOWEST, STEPS, main, suggest, sweep
from trainer.trial import prepare

SMALL = "data.copies=1", "model.width=32"


def test_weights_are_as_before_and_the_curve_falls_and_breaks():
    trial = prepare(resolve(SMALL))
    before = {name: value.clone() for name, value in trial.model.state_dict().items()}
    curve = sweep(trial)
    after = trial.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    rates = [lr for lr, _ in curve]
    assert rates[0] == LOWEST
    assert rates[-1] == pytest.approx(HIGHEST) or len(rates) < STEPS
    assert rates == sorted(rates)
    start, lowest = curve[0][1], min(loss for _, loss in curve)
    assert abs(start - math.log(10)) < 0.3
    assert lowest < 0.95 * start < curve[-1][1]


def test_the_suggestions_stand_before_the_lowest_loss():
    losses = [2.3] * 10 + [2.2, 1.6, 1.4, 1.3, 3.0, 1.2]
    curve = [(10.0**place, loss) for place, loss in zip(range(-12, 4), losses, strict=True)]
    assert suggest(curve[:-1]) == (10.0**1 / 10, 10.0 ** (-2 - 9))
    assert suggest(curve[:1]) == (10.0**-12 / 10, 10.0**-12)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_it_suggests_what_trains(optimizer: str, capsys: pytest.CaptureFixture[str]):
    assert main([*SMALL, f"optim={optimizer}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rates = [resolve([line.split(",")[0]]).train.lr for line in lines if "train.lr=" in line]
    assert len(rates) == 2
    for rate in rates:
        trial = prepare(resolve([*SMALL, f"optim={optimizer}"]))
        losses = []
        for step in range(60):
            trial.optimizer.zero_grad()
            loss = trial.loss(*trial.batches.at(step))
            loss.backward()
            trial.optimizer.step(rate, trial.optimizer.gradient_norm())
            losses.append(loss.item())
        assert sum(losses[-5:]) < 0.8 * sum(losses[:5]), rate
