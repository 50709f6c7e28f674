"""digits-hard: the same every time, and nothing leaks from one split to another."""

import math

import pytest
import torch

from trainer.data import digits as source
from trainer.data.dataset import Dataset
from trainer.score import predict, score


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return source.load(copies=2)


def test_no_original_is_in_two_splits_and_none_is_lost(digits: Dataset):
    originals = [set(split.sources.tolist()) for split in digits.splits.values()]
    assert sum(map(len, originals)) == 1797
    assert set.union(*originals) == set(range(1797))


def test_every_class_is_spread_over_the_splits_alike(digits: Dataset):
    for split, share in zip(digits.splits.values(), (0.6, 0.2, 0.2), strict=True):
        counts = torch.bincount(split.labels, minlength=10) / len(split.labels)
        assert counts.min() > 0.09
        assert counts.max() < 0.11
        assert len(set(split.sources.tolist())) / 1797 == pytest.approx(share, abs=0.005)


def test_images_are_what_the_model_is_told_they_are(digits: Dataset):
    assert digits.train.images.shape == (2 * 1079, 1, 8, 8)
    assert digits.train.images.dtype == torch.float32
    assert -0.5 < digits.train.images.min() < 0
    assert 1 < digits.train.images.max() < 1.5
    assert digits.validation.images.mean().item() == pytest.approx(0.3, abs=0.03)


def test_copies_of_one_original_differ(digits: Dataset):
    first, second = digits.train.images[:2]
    assert digits.train.sources[0] == digits.train.sources[1]
    assert (first - second).abs().max() > 0.1


def test_what_judges_is_the_same_every_time_and_everywhere(digits: Dataset):
    # Whoever changes these changes the judge: old baselines can no longer be compared.
    assert digits.validation.digest() == "366f351a864f"
    assert digits.test.digest() == "20970e522a55"


def test_more_training_copies_leave_the_judge_alone(digits: Dataset):
    more = source.load(copies=3)
    assert more.validation.digest() == digits.validation.digest()
    assert more.test.digest() == digits.test.digest()
    assert more.train.digest() != digits.train.digest()
    assert len(more.train.labels) == 3 * 1079


def test_the_description_counts_every_class(digits: Dataset):
    name, _, counts = digits.describe().splitlines()[0].partition(": ")
    assert name == "train"
    assert counts.startswith("2158 images")
    assert sum(map(int, counts.split("class ")[1].split())) == 2158


class Constant(torch.nn.Module):
    """Answers 3 with a fixed margin, but only once it is told that it is evaluated."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(len(images), 10)
        logits[:, 3] = float("nan") if self.training else 2.0
        return logits


def test_a_score_is_cross_entropy_and_share_of_correct_answers(digits: Dataset):
    share = (digits.test.labels == 3).float().mean().item()
    scores = score(predict(Constant(), digits.test), digits.test.labels)
    assert scores["acc"] == pytest.approx(share)
    assert scores["loss"] == pytest.approx(math.log(math.exp(2) + 9) - 2 * share, abs=1e-5)
