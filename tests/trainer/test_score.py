"""Scores, compared with scikit-learn's."""

import math

import numpy as np
import pytest
import torch
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss

from trainer.data import digits
from trainer.score import (
    BINS,
    baselines,
    by_source,
    calibration_error,
    confusion,
    macro_f1,
    score,
)


@pytest.fixture
def answered() -> tuple[torch.Tensor, torch.Tensor]:
    """1000 answers about 7 classes: often right, too sure, class 5 rare, class 6 never seen."""
    source = torch.Generator().manual_seed(3)
    labels = torch.randint(0, 6, (1000,), generator=source)
    labels[labels == 5] = torch.where(torch.rand(sum(labels == 5), generator=source) < 0.1, 5, 0)
    logits = 2 * torch.randn(1000, 7, generator=source)
    logits[torch.arange(1000), labels] += 2
    logits[:, 6] = -9
    return logits, labels


def test_loss_accuracy_and_macro_f1_are_scikit_learns(answered):
    logits, labels = answered
    scores, answers = score(logits, labels), logits.argmax(dim=1)
    shares = logits.double().softmax(dim=1).numpy()
    assert scores["acc"] == accuracy_score(labels, answers)
    assert scores["macro_f1"] == pytest.approx(f1_score(labels, answers, average="macro"))
    assert scores["loss"] == pytest.approx(log_loss(labels, shares, labels=range(7)), rel=1e-6)
    assert 0.2 < scores["macro_f1"] < scores["acc"] < 0.9


def test_the_matrix_has_truth_in_rows(answered):
    logits, labels = answered
    answers = logits.argmax(dim=1)
    expected = confusion_matrix(labels, answers, labels=range(7))
    assert confusion(logits, labels).tolist() == expected.tolist()


def test_a_class_that_is_never_found_has_an_f1_of_zero():
    assert macro_f1(torch.tensor([[4, 0], [4, 0]])) == pytest.approx((2 / 3 + 0) / 2)


def test_the_calibration_error_is_that_of_scikit_learns_curve(answered):
    logits, labels = answered
    confidence, answers = logits.double().softmax(dim=1).max(dim=1)
    right = (answers == labels).numpy()
    found, expected = calibration_curve(right, confidence.numpy(), n_bins=BINS)
    sizes, _ = np.histogram(confidence.numpy(), bins=BINS, range=(0, 1))
    gaps = np.abs(found - expected) * sizes[sizes > 0] / len(labels)
    assert calibration_error(logits, labels) == pytest.approx(gaps.sum())
    assert gaps.sum() > 0.02


def test_a_sure_and_wrong_answer_has_the_greatest_calibration_error():
    assert calibration_error(torch.tensor([[100.0, 0.0]]), torch.tensor([1])) == pytest.approx(1)
    assert calibration_error(torch.tensor([[100.0, 0.0]]), torch.tensor([0])) == pytest.approx(0)


def test_answers_that_are_no_numbers_have_a_score_that_is_none():
    scores = score(torch.full((3, 4), math.nan), torch.tensor([1, 2, 3]))
    assert math.isnan(scores["loss"])
    assert math.isnan(scores["ece"])
    assert scores["acc"] == 0


class Indifferent(torch.nn.Module):
    """Gives all classes the same share."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(images), 10)


def test_who_knows_nothing_has_a_loss_of_ln_classes_and_the_largest_class():
    dataset = digits.load(1)
    found = baselines(Indifferent(), dataset)
    largest = torch.bincount(dataset.train.labels).argmax()
    share = (dataset.validation.labels == largest).float().mean().item()
    assert found["init_loss_ratio"] == pytest.approx(1, abs=1e-6)
    assert found["majority_acc"] == pytest.approx(share)
    assert math.isclose(share, 0.1, abs_tol=0.02)


def test_the_accuracy_is_the_mean_over_sources():
    labels = torch.tensor([0, 1, 0, 1, 0, 1])
    logits = torch.nn.functional.one_hot(torch.tensor([0, 1, 1, 1, 0, 0])).float()
    single = np.array(["f", "b", "c", "d", "e", "a"])
    assert by_source(logits, labels, single) == "010111"
    uneven = by_source(logits, labels, np.array([7, 7, 3, 7, 3, 5]))
    assert uneven == [1 / 2, 0, 3 / 2]
    assert np.mean(uneven) == pytest.approx(score(logits, labels)["acc"])
    assert by_source(logits, 1 - labels, single) == "101000"
    assert by_source(logits, torch.full((6,), 2), np.array([7, 7, 3, 7, 3, 5])) == [0, 0, 0]
