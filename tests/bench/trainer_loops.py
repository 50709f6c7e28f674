"""One way to train, as a process of its own: says what a step costs, as often as it is asked.

`python -m tests.bench.trainer_loops LOOP`, in the environment that has what LOOP needs. Each line
of the input is a request, each line of the output its answer, both JSON.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from trainer import config as configuration
from trainer import models
from trainer.data.dataset import Spec
from trainer.schema import Config

Lap = Callable[[], object]


class Laps:
    """What the steps of each epoch cost, from the end of its first step to the end of its last.

    So neither validation nor saving nor the start of a loader's processes is in it.
    """

    def __init__(self, epoch_steps: int, device: str) -> None:
        self._epoch_steps, self._device, self._count = epoch_steps, device, 0
        self._readings: list[tuple[float, float]] = []

    def __call__(self) -> None:
        """Says that a step has ended."""
        place = self._count % self._epoch_steps
        self._count += 1
        if place in (0, self._epoch_steps - 1):
            if self._device == "cuda":
                torch.cuda.synchronize()
            self._readings.append((time.process_time(), time.perf_counter()))

    def figures(self) -> dict[str, list[float]]:
        """Milliseconds of CPU and of wall time that a step took, by epoch."""
        pairs = list(zip(self._readings[::2], self._readings[1::2], strict=True))
        scale = 1000 / (self._epoch_steps - 1)
        return {
            name: [scale * (end[kind] - start[kind]) for start, end in pairs]
            for kind, name in enumerate(("cpu", "wall"))
        }


def build(config: Config, images: Tensor) -> nn.Module:
    """The configuration's model, where it trains."""
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    spec = Spec(tuple(images.shape[1:]), tuple("0123456789"))
    return models.build(config.model, spec).to(config.device)


def adamw(model: nn.Module, config: Config) -> torch.optim.Optimizer:
    """torch's fastest AdamW."""
    settings = config.train
    return torch.optim.AdamW(
        model.parameters(), lr=settings.lr, weight_decay=settings.weight_decay, fused=True
    )


def cosine(optimizer: torch.optim.Optimizer, config: Config, epoch_steps: int):
    """torch's half cosine over the whole training."""
    steps = config.train.epochs * epoch_steps
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)


def loader(config: Config, images: Tensor, labels: Tensor, **settings: object) -> DataLoader:
    """The images as people feed them: a loader of its own where there is a GPU to be fed."""
    cuda = config.device == "cuda"
    workers = {"num_workers": 8, "pin_memory": True, "persistent_workers": True} if cuda else {}
    batches = TensorDataset(images, labels)
    return DataLoader(batches, config.train.batch, shuffle=True, **workers, **settings)


def hand(config: Config, images: Tensor, labels: Tensor, lap: Lap) -> None:
    """A bare loop: the data in memory, a permuted index, nothing read and nothing said."""
    model, cuda = build(config, images), config.device == "cuda"
    if cuda:
        model = model.to(memory_format=torch.channels_last)
    images, labels = images.to(config.device), labels.to(config.device)
    optimizer = adamw(model, config)
    scheduler = cosine(optimizer, config, -(-len(labels) // config.train.batch))
    for _ in range(config.train.epochs):
        order = torch.randperm(len(labels), device=config.device)
        for chosen in order.split(config.train.batch):
            batch = images[chosen]
            with torch.autocast(config.device, torch.bfloat16, enabled=cuda):
                logits = model(batch / 255 if batch.dtype == torch.uint8 else batch)
                loss = functional.cross_entropy(logits, labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            lap()


def ours(config: Config, _images: Tensor, _labels: Tensor, lap: Lap) -> None:
    """The trainer, with all that it does; it reads the data itself."""
    from trainer import loop
    from trainer.health import Evidence, Stop

    class Steps(Stop):
        @property
        def asked(self) -> bool:  # the loop asks once in each step
            lap()
            return super().asked

    with tempfile.TemporaryDirectory() as folder:
        loop.train(config, tracker(), Steps(), Evidence(), Path(folder))


def tracker():
    """One offline W&B run for the whole process."""
    from trainer import track

    if not hasattr(tracker, "started"):
        tracker.started = track.start()
    return tracker.started


def lightning(config: Config, images: Tensor, labels: Tensor, lap: Lap) -> None:
    """Lightning as people run it: logged values, progress bar, CSV logger."""
    import lightning as pl
    from lightning.pytorch.loggers import CSVLogger

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = build(config, images)

        def training_step(self, batch: list[Tensor], _index: int) -> Tensor:
            pictures, targets = batch
            logits = self.model(pictures / 255 if pictures.dtype == torch.uint8 else pictures)
            loss = functional.cross_entropy(logits, targets)
            right = (logits.argmax(dim=1) == targets).float().mean()
            self.log_dict({"train/loss": loss, "train/acc": right}, prog_bar=True)
            return loss

        def configure_optimizers(self) -> dict[str, object]:
            optimizer = adamw(self, config)
            schedule = cosine(optimizer, config, len(batches))
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": schedule, "interval": "step"},
            }

    class Watch(pl.Callback):
        def on_train_batch_end(self, *_: object) -> None:
            lap()

    batches = loader(config, images, labels)
    cuda = config.device == "cuda"
    with tempfile.TemporaryDirectory() as folder:
        pl.Trainer(
            max_epochs=config.train.epochs,
            accelerator="gpu" if cuda else "cpu",
            devices=1,
            precision="bf16-mixed" if cuda else "32-true",
            logger=CSVLogger(folder),
            callbacks=[Watch()],
            enable_checkpointing=False,
            enable_model_summary=False,
        ).fit(Module(), batches)


def accelerate(config: Config, images: Tensor, labels: Tensor, lap: Lap) -> None:
    """accelerate, as its own examples use it."""
    from accelerate import Accelerator

    cuda = config.device == "cuda"
    accelerator = Accelerator(cpu=not cuda, mixed_precision="bf16" if cuda else "no")
    model = build(config, images)
    batches, optimizer = loader(config, images, labels), adamw(model, config)
    schedule = cosine(optimizer, config, len(batches))
    model, optimizer, batches, schedule = accelerator.prepare(model, optimizer, batches, schedule)
    for _ in range(config.train.epochs):
        for pictures, targets in batches:
            logits = model(pictures / 255 if pictures.dtype == torch.uint8 else pictures)
            accelerator.backward(functional.cross_entropy(logits, targets))
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            lap()


LOOPS = {loop.__name__: loop for loop in (hand, ours, lightning, accelerate)}


def main(name: str) -> None:
    """Answers until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        config = configuration.resolve(request["arguments"])
        kept = torch.load(request["data"])
        laps = Laps(-(-len(kept["labels"]) // config.train.batch), config.device)
        with redirect_stdout(sys.stderr):
            LOOPS[name](config, kept["images"], kept["labels"], laps)
        print(json.dumps(laps.figures()), flush=True)
    if name == "ours":
        with redirect_stdout(sys.stderr):
            tracker().finish(0)


if __name__ == "__main__":
    main(sys.argv[1])
