"""One way to train, killed at random steps: `python -m tests.bench.trainer_resume LOOP KILLS`.

Every run is forked from this process, which has imported everything and computed nothing. The
killed process sends the signal to itself, half of the time SIGTERM, half of the time SIGKILL. The
trainer draws dropout, augments and averages; the peers have the plain task, and save every
SAVE_STEPS steps.
"""

import hashlib
import importlib
import json
import os
import signal
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tests.bench.trainer_loops import adamw, build, cosine, loader, tracker
from trainer import config as configuration
from trainer.schema import Config

STEPS = 51
SAVE_STEPS = 5
ARGUMENTS = (
    "train.epochs=3", "data.copies=1", "model.width=16", "train.save_seconds=0", "device=cpu",
)  # fmt: skip
HARDER = "model.dropout=0.1", "augment.affine=0.5", "train.ema=0.9"
IMPORTS = {"ours": ("trainer.loop", "trainer.track"), "lightning": ("lightning",),
           "accelerate": ("accelerate",), "accelerate, seedable": ("accelerate",)}  # fmt: skip


class Kill:
    """Ends the process at a step."""

    def __init__(self, step: int, number: int) -> None:
        self._left, self._number = step, number

    def __call__(self) -> None:
        """Says that a step has been taken."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), self._number)


def ours(config: Config, folder: Path, kill: Kill) -> None:
    """The trainer."""
    from trainer import loop
    from trainer.health import Evidence, Stop

    class Steps(Stop):
        @property
        def asked(self) -> bool:
            kill()
            return super().asked

    stop = Steps()
    stop.listen()
    loop.train(config, tracker(), stop, Evidence(), folder)


def lightning(config: Config, folder: Path, kill: Kill) -> None:
    """Lightning, which goes on from the newest of the checkpoints that it has made."""
    import lightning as pl
    from lightning.pytorch.callbacks import ModelCheckpoint

    pl.seed_everything(config.seed)
    images, labels = pictures()

    class Module(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = build(config, images)

        def training_step(self, batch: list[Tensor], _index: int) -> Tensor:
            return functional.cross_entropy(self.model(batch[0]), batch[1])

        def configure_optimizers(self) -> dict[str, object]:
            optimizer = adamw(self, config)
            schedule = cosine(optimizer, config, STEPS // config.train.epochs)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": schedule, "interval": "step"},
            }

    class Watch(pl.Callback):
        def on_train_batch_end(self, *_: object) -> None:
            kill()

    saves = ModelCheckpoint(folder, "{step}", every_n_train_steps=SAVE_STEPS, save_top_k=-1)
    module, newest = Module(), max(folder.glob("*.ckpt"), key=step_of, default=None)
    pl.Trainer(
        max_epochs=config.train.epochs, accelerator="cpu", devices=1, logger=False,
        callbacks=[saves, Watch()], enable_model_summary=False, enable_progress_bar=False,
    ).fit(module, loader(config, images, labels), ckpt_path=newest, weights_only=False)  # fmt: skip
    torch.save({"model": module.model.state_dict()}, folder / "last.pt")


def step_of(checkpoint: Path) -> int:
    """The step that a checkpoint of Lightning's or accelerate's is named by."""
    return int(checkpoint.stem.rpartition("=")[2])


def accelerate(config: Config, folder: Path, kill: Kill, seedable: bool = False) -> None:
    """accelerate, as its guide to checkpoints says: load the state, skip the epoch's first batches.

    Args:
        config: What is trained.
        folder: Where its states are.
        kill: What ends it.
        seedable: Whether its sampler is the one that it has for being seeded.
    """
    from accelerate import Accelerator
    from accelerate.utils import DataLoaderConfiguration, set_seed

    set_seed(config.seed)
    settings = DataLoaderConfiguration(use_seedable_sampler=seedable)
    accelerator = Accelerator(cpu=True, dataloader_config=settings)
    images, labels = pictures()
    model = build(config, images)
    batches, optimizer = loader(config, images, labels), adamw(model, config)
    schedule = cosine(optimizer, config, len(batches))
    model, optimizer, batches, schedule = accelerator.prepare(model, optimizer, batches, schedule)
    newest, done = max(folder.glob("step=*"), key=step_of, default=None), 0
    if newest:
        accelerator.load_state(newest)
        done = step_of(newest)
    for epoch in range(done // len(batches), config.train.epochs):
        batches.set_epoch(epoch)
        skipped = done - epoch * len(batches)
        left = accelerator.skip_first_batches(batches, skipped) if skipped > 0 else batches
        for inputs, targets in left:
            accelerator.backward(functional.cross_entropy(model(inputs), targets))
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            done += 1
            if done % SAVE_STEPS == 0:
                accelerator.save_state(folder / f"step={done}")
            kill()
    whole: nn.Module = accelerator.unwrap_model(model)
    torch.save({"model": whole.state_dict()}, folder / "last.pt")


def pictures() -> tuple[Tensor, Tensor]:
    """As many images as the trainer has, of noise: their content does not matter here."""
    source = torch.Generator().manual_seed(0)
    count = 64 * (STEPS // 3) - 9
    images = torch.rand(count, 1, 8, 8, generator=source)
    return images, torch.randint(0, 10, (count,), generator=source)


def forked(name: str, folder: Path, kill: Kill) -> None:
    """Trains in a process of its own until it is over or killed."""
    folder.mkdir(exist_ok=True)
    if child := os.fork():
        os.waitpid(child, 0)
        return
    try:
        config = configuration.resolve(ARGUMENTS)
        if name == "ours":
            ours(configuration.resolve([*ARGUMENTS, *HARDER]), folder, kill)
        elif name == "lightning":
            lightning(config, folder, kill)
        else:
            accelerate(config, folder, kill, seedable=name.endswith("seedable"))
    finally:
        os._exit(0)


def weights(folder: Path) -> str:
    """A hash of the weights that a run has ended with; empty if it has not ended."""
    if not (folder / "last.pt").exists():
        return ""
    model = torch.load(folder / "last.pt")["model"]
    content = b"".join(model[name].contiguous().numpy().tobytes() for name in sorted(model))
    return hashlib.sha256(content).hexdigest()


def main(name: str, kills: int) -> None:
    """Counts how many killed runs end as the one that was not."""
    for module in IMPORTS[name]:
        importlib.import_module(module)
    os.environ["WANDB_MODE"] = "disabled"
    source, equal = np.random.default_rng(0), 0
    with redirect_stdout(sys.stderr), tempfile.TemporaryDirectory() as place:
        straight, again = Path(place, "straight"), Path(place, "again")
        for folder in (straight, again):
            forked(name, folder, Kill(0, 0))
        if not weights(straight) or weights(straight) != weights(again):
            raise RuntimeError(f"{name} gives other weights even when nobody kills it")
        for number in range(kills):
            step, folder = int(source.integers(2 * SAVE_STEPS, STEPS)), Path(place, str(number))
            forked(name, folder, Kill(step, (signal.SIGTERM, signal.SIGKILL)[number % 2]))
            forked(name, folder, Kill(0, 0))
            equal += weights(folder) == weights(straight)
    print(json.dumps({"equal": equal}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
