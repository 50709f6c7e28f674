"""A model in front of its data, outside any W&B run: what is measured before training begins."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainer import artifact, data, models, optim
from trainer.data.batches import Batches
from trainer.data.dataset import Dataset
from trainer.loss import training_loss
from trainer.optim import Optimizer
from trainer.ranks import Ranks
from trainer.schema import Config


@dataclass
class Trial:
    """Everything that a step needs.

    Attributes:
        forward: The model, compiled if the settings say so.
        precision: What the forward pass computes in; to be entered anew each time.
    """

    config: Config
    ranks: Ranks
    dataset: Dataset
    batches: Batches
    model: nn.Module
    forward: nn.Module
    optimizer: Optimizer
    precision: AbstractContextManager[object]

    def loss(self, images: Tensor, labels: Tensor) -> Tensor:
        """The loss that training makes smaller, of one batch at once; shape ()."""
        with self.precision:
            return training_loss(self.forward(images), labels, self.config.train.label_smoothing)

    def finish(self) -> None:
        """Waits until a GPU has done what it was told."""
        if self.ranks.device.type == "cuda":
            torch.cuda.synchronize()


def prepare(config: Config, dataset: Dataset | None = None) -> Trial:
    """Builds what training would build.

    Args:
        config: What would be trained.
        dataset: Its data, if somebody has read them already.

    Raises:
        ConfigError: The model cannot take the images, or there is no such device.
        DataError: The data cannot be had.
    """
    torch.set_num_threads(config.threads)
    torch.set_flush_denormal(True)
    ranks = Ranks(config.device)
    dataset = dataset or data.load(config.data, artifact.fetch)
    torch.manual_seed(config.seed)
    model = models.build(config.model, dataset.spec)
    model = model.to(ranks.device, memory_format=torch.channels_last).train()
    cuda = ranks.device.type == "cuda"
    bf16 = cuda and config.train.bf16 and torch.cuda.is_bf16_supported()
    return Trial(
        config=config,
        ranks=ranks,
        dataset=dataset,
        batches=Batches(dataset.train, config, ranks.device),
        model=model,
        forward=torch.compile(model) if config.train.compile else model,
        optimizer=optim.build(model, config),
        precision=torch.autocast(ranks.device.type, torch.bfloat16, enabled=bf16),
    )
