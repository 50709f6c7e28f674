"""The models: shapes, shortcuts, gradients, sizes."""

from collections.abc import Sequence

import pytest
import torch
from torch import nn

from trainer import models
from trainer.config import resolve
from trainer.data.dataset import Spec
from trainer.health import ConfigError
from trainer.models.resnet import Basic, Bottleneck
from trainer.models.vit import Vit

SMALL_VIT = ("model=vit", "model.width=24", "model.depth=2")
EVERY = [
    ("model=mlp",),
    ("model=resnet",),
    ("model=resnet8x8", "model.dropout=0.1"),
    ("model=resnet18",),
    ("model=resnet", "model.block=bottleneck", "model.blocks=[1, 1, 1]"),
    SMALL_VIT,
    (*SMALL_VIT, "model.stem=conv"),
    (*SMALL_VIT, "model.positions=none", "model.patch=8"),
    (*SMALL_VIT, "model.positions=relative"),
]
SHAPE = (3, 32, 32)


def built(*arguments: str, shape: tuple[int, int, int] = SHAPE, classes: int = 10) -> nn.Module:
    torch.manual_seed(0)
    return models.build(resolve(arguments).model, Spec(shape, ("",) * classes))


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("arguments", EVERY)
def test_two_images_give_two_answers_and_a_gradient_to_every_layer(arguments: Sequence[str]):
    model = built(*arguments)
    logits = model(torch.randn(2, *SHAPE))
    assert logits.shape == (2, 10)
    nn.functional.cross_entropy(logits, torch.tensor([3, 4])).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("arguments", [EVERY[2], EVERY[4], EVERY[5], EVERY[6]])
def test_a_few_steps_fit_a_few_images(arguments: Sequence[str]):
    model = built(*arguments)
    images, labels = torch.randn(8, *SHAPE), torch.arange(8)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("block", [Basic(8, 8, 1), Bottleneck(32, 8, 1)])
def test_a_block_that_learned_nothing_passes_its_input_on(block: nn.Module):
    nn.init.zeros_(block.body[-1].weight)  # the last normalisation's scale
    features = torch.randn(2, block.body[0].in_channels, 6, 6)
    torch.testing.assert_close(block(features), features.relu())


def test_a_shortcut_changes_shape_where_the_block_does():
    assert isinstance(Basic(8, 8, 1).shortcut, nn.Identity)
    assert Basic(8, 16, 2)(torch.randn(2, 8, 6, 6)).shape == (2, 16, 3, 3)
    assert Bottleneck(8, 8, 2)(torch.randn(2, 8, 6, 6)).shape == (2, 32, 3, 3)


@pytest.mark.parametrize(
    ("group", "shape", "classes", "parameters"),
    [
        ("vit-b", (3, 224, 224), 1000, 86_567_656),
        ("resnet18", (3, 224, 224), 1000, 11_689_512),
        ("resnet50", (3, 224, 224), 1000, 25_557_032),
        ("resnet8x8", (1, 8, 8), 10, 77_754),
    ],
)
def test_published_sizes(group: str, shape: tuple[int, int, int], classes: int, parameters: int):
    with torch.device("meta"):
        assert count(built(f"model={group}", shape=shape, classes=classes)) == parameters


@pytest.mark.parametrize("positions", ["learned", "none", "relative"])
def test_an_attention_map_has_a_distribution_for_every_token(positions: str):
    model = built(*SMALL_VIT, f"model.positions={positions}").eval()
    assert isinstance(model, Vit)
    weights = model.attention(torch.randn(2, *SHAPE))
    assert weights.shape == (2, 3, 65, 65)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 3, 65))


@pytest.mark.parametrize("positions", ["none", "relative"])
def test_the_attention_map_is_what_the_block_computes_with(positions: str):
    model = built(*SMALL_VIT, f"model.positions={positions}").eval()
    attend = model.blocks[0].attend
    tokens = torch.randn(2, 65, 24)
    value = attend._split(tokens)[2]
    mixed = attend.out((attend.map(tokens) @ value).transpose(1, 2).flatten(2))
    torch.testing.assert_close(attend(tokens), mixed, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("positions", "tells"), [("none", False), ("learned", True), ("relative", True)]
)
def test_only_without_positions_the_patches_may_be_shuffled(positions: str, tells: bool):
    model = built(*SMALL_VIT, f"model.positions={positions}").eval()
    images = torch.randn(1, *SHAPE)
    shuffled = images.roll(4, dims=3)  # by a whole patch
    same = torch.allclose(model(images), model(shuffled), atol=1e-5)
    assert same is not tells


def test_a_patch_that_does_not_divide_the_image_is_refused():
    with pytest.raises(ConfigError, match=r"model\.patch 5 does not divide 32"):
        built("model=vit", "model.patch=5")


def test_what_images_are_normalised_with_is_a_part_of_the_model():
    torch.manual_seed(0)
    spec = Spec((2, 4, 4), ("a", "b"), mean=(0.5, 0.2), std=(0.25, 0.1))
    model = models.build(resolve().model, spec)
    flat = torch.tensor([0.5, 0.2]).view(1, 2, 1, 1).expand(1, 2, 4, 4)
    torch.testing.assert_close(model(flat), model[1](torch.zeros(1, 2, 4, 4)))
    brighter = flat + torch.tensor([0.25, 0.1]).view(1, 2, 1, 1)
    torch.testing.assert_close(model(brighter), model[1](torch.ones(1, 2, 4, 4)))
    assert {"0.mean", "0.std"} <= model.state_dict().keys()
