"""Batches and augmentation: functions of seed and step, whoever asks and in which order."""

import numpy as np
import pytest
import torch

from trainer.config import resolve
from trainer.data.augment import DRAWS, augment
from trainer.data.batches import Batches, mixed
from trainer.data.dataset import Split
from trainer.schema import Augment, Config

CPU = torch.device("cpu")
N = 22


@pytest.fixture
def split() -> Split:
    images = torch.arange(N * 3 * 6 * 6, dtype=torch.int64).remainder(251).to(torch.uint8)
    labels = torch.arange(N) // 18  # 18 of one class, 4 of the other
    return Split(images.view(N, 3, 6, 6), labels, np.arange(N))


def config(*arguments: str) -> Config:
    return resolve(["train.batch=8", "augment=strong", "augment.cutout=2", *arguments])


def test_an_epoch_holds_every_image_once_and_the_next_another_order(split: Split):
    batches = Batches(split, resolve(["train.batch=8"]), CPU)
    epochs = [torch.cat([batches.at(step)[0] for step in range(e, e + 3)]) for e in (0, 3)]
    assert [batches.size(step) for step in range(4)] == [8, 8, 6, 8]
    everything = split.images.float() / 255
    for epoch in epochs:
        assert len(epoch) == N
        assert torch.equal(epoch.unique(dim=0), everything.unique(dim=0))
    assert not torch.equal(*epochs)


def test_a_step_is_the_same_whenever_it_is_asked_for(split: Split):
    straight, random = Batches(split, config(), CPU), Batches(split, config(), CPU)
    wanted = [straight.at(step) for step in range(7)]
    for step in (5, 0, 6, 3):
        torch.rand(3)
        images, labels = random.at(step)
        assert torch.equal(images, wanted[step][0])
        assert torch.equal(labels, wanted[step][1])


def test_another_seed_gives_other_batches(split: Split):
    one, other = (Batches(split, config(f"seed={seed}"), CPU).at(0)[0] for seed in (1, 2))
    assert not torch.equal(one, other)


def test_processes_share_one_global_batch(split: Split):
    whole, labels = Batches(split, config(), CPU).at(2)
    parts = [Batches(split, config(), CPU, rank, world=2).at(2) for rank in (0, 1)]
    assert torch.equal(torch.stack([images for images, _ in parts], dim=1).flatten(0, 1), whole)
    assert torch.equal(torch.stack([targets for _, targets in parts], dim=1).flatten(), labels)


def test_balance_draws_rare_classes_as_often(split: Split):
    settings = ["data=folder", "data.balanced=true", "train.batch=22"]
    batches = Batches(split, config(*settings), CPU)
    labels = torch.cat([batches.at(step)[1] for step in range(60)])
    assert labels.float().mean().item() == pytest.approx(0.5, abs=0.06)


def test_every_purpose_and_number_has_a_seed_of_its_own():
    seeds = {mixed(seed, kind, n) for seed in range(20) for kind in "ab" for n in range(20)}
    assert len(seeds) == 800
    assert all(0 <= seed < 2**63 for seed in seeds)


def changed(images: torch.Tensor, **settings: float) -> torch.Tensor:
    draws = torch.rand(len(images), DRAWS, generator=torch.Generator().manual_seed(0))
    return augment(images, Augment(**settings), draws)


@pytest.mark.parametrize(
    "setting",
    [{"affine": 1.0}, {"crop": 4}, {"brightness": 0.5}, {"contrast": 0.5}, {"cutout": 3}],
)
def test_each_change_keeps_the_shape_and_differs_from_image_to_image(setting: dict[str, float]):
    images = torch.rand(1, 3, 8, 8).expand(50, -1, -1, -1)
    moved = changed(images, **setting)
    assert moved.shape == images.shape
    assert len(torch.unique(moved.flatten(1), dim=0)) > 20
    assert changed(images) is images


def test_the_affine_change_moves_a_little_and_as_far_as_its_strength():
    blob = torch.zeros(200, 1, 8, 8)
    blob[:, :, 3:5, 3:5] = 1
    moved = changed(blob, affine=1.0)
    rows = moved.sum((1, 3)) @ torch.arange(8.0) / moved.sum((1, 2, 3))
    assert 0.5 < (rows - 3.5).abs().max() < 1.6
    assert (changed(blob, affine=0.2) - blob).abs().mean() < (moved - blob).abs().mean() / 2


def test_a_flip_mirrors_half_of_the_images():
    images = torch.rand(400, 1, 4, 4)
    moved = changed(images, flip=True)
    mirrored = (moved == images.flip(3)).all(dim=(1, 2, 3))
    assert ((moved == images).all(dim=(1, 2, 3)) ^ mirrored).all()
    assert 0.4 < mirrored.float().mean() < 0.6


def test_a_crop_shifts_by_whole_pixels_and_fills_with_zeros():
    images = 1 + torch.rand(300, 2, 5, 5)
    moved = changed(images, crop=1)
    zeros = (moved == 0).sum(dim=(1, 2, 3))
    assert set(zeros.tolist()) == {0, 10, 18}  # none, one edge, two edges of two channels
    still = zeros == 0
    assert torch.equal(moved[still], images[still])


def test_brightness_adds_and_contrast_stretches():
    images = torch.rand(100, 3, 4, 4)
    added = changed(images, brightness=0.3) - images
    assert (added.amax(dim=(1, 2, 3)) - added.amin(dim=(1, 2, 3))).max() < 1e-5
    assert 0.25 < added.abs().max() < 0.3001
    stretched = changed(images, contrast=0.3)
    torch.testing.assert_close(stretched.mean(dim=(1, 2, 3)), images.mean(dim=(1, 2, 3)))
    ratio = stretched.std(dim=(1, 2, 3)) / images.std(dim=(1, 2, 3))
    assert 0.7 < ratio.min() < 0.8
    assert 1.2 < ratio.max() < 1.3


def test_cutout_blackens_a_square():
    holes = (changed(torch.ones(200, 1, 8, 8), cutout=4) == 0).sum(dim=(1, 2, 3))
    assert holes.max() == 16
    assert holes.min() >= 4  # half of each side may reach over the edge
