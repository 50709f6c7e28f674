"""Optimizers: those of torch, faster to start; and the learning rate of each step."""

from itertools import pairwise

import pytest
import torch
from torch import nn

from trainer import optim
from trainer.config import resolve
from trainer.schema import Train

WIDTHS = 5, 7, 6, 3


def network() -> nn.Sequential:
    torch.manual_seed(0)
    pairs = pairwise(WIDTHS)
    return nn.Sequential(*[layer for pair in pairs for layer in (nn.Linear(*pair), nn.Tanh())])


def torchs(model: nn.Module, kind: str, decay: float) -> list[torch.optim.Optimizer]:
    weights = {"lr": 0.0, "weight_decay": decay}
    match kind:
        case "sgd":
            return [torch.optim.SGD(model.parameters(), momentum=0.9, **weights)]
        case "nesterov":
            return [torch.optim.SGD(model.parameters(), momentum=0.9, nesterov=True, **weights)]
        case "adam":
            return [torch.optim.Adam(model.parameters(), **weights)]
        case "adamw":
            return [torch.optim.AdamW(model.parameters(), **weights)]
    hidden = model[2].weight
    rest = [parameter for parameter in model.parameters() if parameter is not hidden]
    muon = torch.optim.Muon([hidden], momentum=0.95, adjust_lr_fn="match_rms_adamw", **weights)
    return [torch.optim.AdamW(rest, **weights), muon]


@pytest.mark.parametrize("clip", [0.0, 0.05])
@pytest.mark.parametrize("kind", ["sgd", "nesterov", "adam", "adamw", "muon"])
def test_each_optimizer_is_that_of_torch(kind: str, clip: float):
    group = ["optim=sgd", "optim.nesterov=true"] if kind == "nesterov" else [f"optim={kind}"]
    config = resolve([*group, "train.weight_decay=0.1", f"train.clip={clip}"])
    ours, theirs = network(), network()
    optimizer, references = optim.build(ours, config), torchs(theirs, kind, 0.1)
    for step in range(20):
        inputs, lr = torch.randn(8, 5), 0.02 * (1 - step / 20)
        inputs[:, 2] = 0  # so that some weights never have a gradient
        optimizer.zero_grad()
        ours(inputs).square().mean().backward()
        optimizer.step(lr, optimizer.gradient_norm())
        theirs.zero_grad()
        theirs(inputs).square().mean().backward()
        if clip:
            nn.utils.clip_grad_norm_(theirs.parameters(), clip)
        for reference in references:
            reference.param_groups[0]["lr"] = lr
            reference.step()
    # torch's Muon orthogonalises in bfloat16, which knows three digits.
    exact = {"rtol": 2e-2, "atol": 5e-3} if kind == "muon" else {"rtol": 1e-3, "atol": 1e-5}
    for mine, reference in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, reference, **exact)


def test_muon_orthogonalises_hidden_matrices_and_filters_alone():
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.Conv2d(4, 6, 3), nn.Flatten(), nn.Linear(6 * 16, 5), nn.Linear(5, 8)
    )
    optimizer = optim.build(model, resolve(["optim=muon", "train.weight_decay=0.0"]))
    before = [parameter.detach().clone() for parameter in model.parameters()]
    model(torch.randn(32, 1, 8, 8)).square().mean().backward()
    optimizer.step(1.0, optimizer.gradient_norm())
    for name, old, new in zip(
        [name for name, _ in model.named_parameters()], before, model.parameters(), strict=True
    ):
        moved = (new.detach() - old).flatten(1) if old.ndim > 1 else None
        if name in ("1.weight", "3.weight"):
            values = torch.linalg.svdvals(moved) / (0.2 * max(moved.shape) ** 0.5)
            assert 0.5 < values.min() <= values.max() < 1.3, name
        else:  # Adam's first step moves every weight by the learning rate
            assert (new.detach() - old).abs().max() == pytest.approx(1, abs=1e-3), name


@pytest.mark.parametrize("kind", ["sgd", "adam", "adamw", "muon"])
def test_an_optimizer_goes_on_from_its_state(kind: str):
    config = resolve([f"optim={kind}"])

    def trained(model: nn.Module, optimizer: optim.Optimizer, steps: range) -> None:
        for step in steps:
            optimizer.zero_grad()
            inputs = torch.randn(8, 5, generator=torch.Generator().manual_seed(step))
            model(inputs).square().mean().backward()
            optimizer.step(0.01, optimizer.gradient_norm())

    straight = network()
    trained(straight, optim.build(straight, config), range(6))
    first, second = network(), network()
    stopped = optim.build(first, config)
    trained(first, stopped, range(3))
    second.load_state_dict(first.state_dict())
    resumed = optim.build(second, config)
    resumed.load_state_dict(stopped.state_dict())
    trained(second, resumed, range(3, 6))
    for one, other in zip(straight.parameters(), second.parameters(), strict=True):
        assert torch.equal(one, other)


def test_memory_format_survives_and_the_step_is_the_same():
    plain, swapped = (nn.Conv2d(2, 3, 3) for _ in range(2))
    swapped.load_state_dict(plain.state_dict())
    swapped = swapped.to(memory_format=torch.channels_last)
    images = torch.randn(4, 2, 6, 6)
    for model in (plain, swapped):
        optimizer = optim.build(model, resolve())
        model(images).square().mean().backward()
        optimizer.step(0.1, optimizer.gradient_norm())
    assert swapped.weight.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(plain.weight, swapped.weight)


def test_the_rate_rises_in_a_line_and_falls_as_a_cosine_to_its_floor():
    train = Train(epochs=6, lr=0.3, warmup_epochs=1.0, lr_floor=0.1)
    rates = [optim.learning_rate(train, step, 4) for step in range(25)]
    assert rates[:4] == pytest.approx([0.075, 0.15, 0.225, 0.3])
    assert rates[4] == 0.3
    assert rates[14] == pytest.approx(0.165)
    assert rates[24] == pytest.approx(0.03)
    assert rates[4:] == sorted(rates[4:], reverse=True)
