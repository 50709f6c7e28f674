"""The profile: every part of a step is in it, and what it suggests was tried."""

import pytest

from trainer import profile
from trainer.config import resolve
from trainer.trial import prepare

SMALL = "data.copies=1", "model.width=32"


def test_it_measures_the_steps_that_training_takes():
    measured, plain = (prepare(resolve([*SMALL, "augment.affine=0.5"])) for _ in range(2))
    parts = profile.measure(measured, steps=3)
    assert list(parts) == ["data", "forward", "backward", "optimizer"]
    assert all(seconds > 0 for seconds in parts.values())
    for step in range(profile.WARM_UP + 3):
        plain.optimizer.zero_grad()
        plain.loss(*plain.batches.at(step)).backward()
        plain.optimizer.step(plain.config.train.lr, plain.optimizer.gradient_norm())
    assert measured.optimizer.weights.equal(plain.optimizer.weights)


def test_what_is_faster_is_suggested_and_what_is_not_is_not():
    settings = resolve(SMALL)
    dataset = prepare(settings).dataset
    slow = dict.fromkeys(profile.PARTS, 1.0)  # seconds, which anything here beats
    lines = list(profile.suggestions(settings, dataset, slow))
    names = [line.split()[1].partition("=")[0] for line in lines if line.startswith("try ")]
    assert names.count("train.batch") == 2
    assert set(names) <= {"threads", "train.batch", "train.compile"}
    fast = dict.fromkeys(profile.PARTS, 1e-9)
    (said,) = profile.suggestions(settings, dataset, fast)
    assert said == "nothing that was tried makes it 10% faster"
    (said,) = profile.suggestions(settings, dataset, fast | {"data": 1e-7})
    assert said.startswith("97% of a step is data")


def test_the_table_adds_up():
    said = profile.table({"data": 0.001, "forward": 0.003}, batch=64)
    assert said.splitlines() == [
        "data            1.000 ms   25.0%",
        "forward         3.000 ms   75.0%",
        "step            4.000 ms   16,000 images/s",
    ]


def test_the_verb_prints_all_of_it(capsys: pytest.CaptureFixture[str]):
    assert profile.main([*SMALL, "train.batch=16"]) == 0
    said = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert said[:7] == [*profile.PARTS, "validation", "tracking", "step"]
    assert len(said) > 7
