"""The training loop, from a configuration to a tested model."""

import functools
import math
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch
from torch import Tensor, nn

from trainer import data, models, optim
from trainer.data import checks
from trainer.data.batches import Batches, mixed
from trainer.data.dataset import count
from trainer.health import Evidence, NonFiniteError, OutOfMemory, Preempted, Stop, out_of_memory
from trainer.health.detect import Ground, tell
from trainer.health.nonfinite import trace
from trainer.loss import training_loss
from trainer.ranks import Ranks
from trainer.schema import Config
from trainer.score import baselines, by_source, predict, score
from trainer.state import Checkpoints, Progress
from trainer.track import Tracker
from trainer.track.clock import Clock

GPU_WINDOW_STEPS = 20
"""Steps between looks at a GPU's numbers: each look waits for the GPU."""
MOST_EXAMPLES = 20_000
"""That are named one by one: a summary is read as a whole."""
PATIENCE = 1.5
"""Times health.hang_seconds that processes wait for each other: who hangs is to say so first."""


def train(
    config: Config, tracker: Tracker, stop: Stop, evidence: Evidence, folder: Path
) -> dict[str, float]:
    """Trains, validates after each epoch, and tests the best weights once.

    All that is random is a function of the seed and the step, so that a run that goes on from
    `folder` ends with the very numbers of one that was never stopped.

    Returns:
        The last epoch's values and the summary.

    Raises:
        ConfigError: The model cannot take the images, or `folder` is another configuration's.
        DataError: The data cannot be had, or is not what it should be.
        NonFiniteError: The loss or its gradient stopped being a number.
        OutOfMemory: Not even one image at a time fits.
        Preempted: The process was asked to end; `folder` holds what to go on from.
    """
    # The machine.
    torch.set_num_threads(config.threads)
    # Moments of weights that have settled decay below 1e-38, where arithmetic is 20 times slower.
    torch.set_flush_denormal(True)
    settings = config.train
    ranks = Ranks(config.device, PATIENCE * config.health.hang_seconds)
    cuda = ranks.device.type == "cuda"
    bf16 = cuda and settings.bf16 and torch.cuda.is_bf16_supported()
    precision = torch.autocast("cuda", torch.bfloat16) if bf16 else nullcontext()
    dropout = mixed(config.seed, "dropout", ranks.rank)

    # The data, looked at before anything is trained on it.
    dataset = data.load(config.data, tracker.artifact)
    print(dataset.describe())
    print(checks.require(dataset, config.data.checks))
    batches = Batches(dataset.train, config, ranks.device, ranks.rank, ranks.world)
    steps = settings.epochs * batches.epoch_steps

    # The model.
    torch.manual_seed(config.seed)
    model = models.build(config.model, dataset.spec)
    model = model.to(ranks.device, memory_format=torch.channels_last)  # convolutions like it
    optimizer = optim.build(model, config)
    average = optimizer.weights.clone() if settings.ema else None
    forward = torch.compile(model) if settings.compile else model
    smoothing, found = settings.label_smoothing, optimizer.extra.unbind()
    start = baselines(model, dataset)
    counts = count(dataset.validation, len(dataset.spec.classes))
    ground = Ground.of(counts, start["init_loss_ratio"])
    tracker.note(device=_named(ranks.device), precision="bf16" if bf16 else "fp32")
    tracker.artifacts.data(config.data, dataset)
    tracker.summary(
        {
            "data/n_train": len(dataset.train),
            "data/n_val": len(dataset.validation),
            "data/n_test": len(dataset.test),
            "data/digest": dataset.validation.digest() + dataset.test.digest(),
            "data/train_digest": dataset.train.digest(),
            "model/parameters": len(optimizer.weights),
            **_under("baseline", start),
        }
    )

    # Where it stands: at the start, or where an earlier attempt was stopped.
    checkpoints = Checkpoints(folder, config, dataset.spec, writes=ranks.rank == 0)
    share = math.ceil(settings.batch / ranks.world)
    progress = Progress(min(settings.micro_batch or share, share))
    tracker.artifacts.restore(folder)
    progress = checkpoints.load_last(progress, model, optimizer, average)
    started = time.perf_counter() - progress.seconds
    saved, window, clock = time.perf_counter(), [], Clock(ranks.device)
    stopped_early = 0 < settings.patience <= progress.waited
    evidence.saved = progress.step or None
    model.train()

    def redo(step: int, images: Tensor, labels: Tensor) -> None:
        """A step's gradient once more, for a look at it when it was no number."""
        optimizer.zero_grad()
        ranks.seed(dropout + step)
        with precision:
            size, pieces = batches.size(step), progress.micro_batch
            _gradient(model, images, labels, pieces, size, smoothing, found)

    evidence.trace = functools.partial(trace, model, batches, redo)

    while progress.step < steps and not stopped_early:
        # One step: the gradient of a global batch, however many pieces it takes.
        step, size = progress.step, batches.size(progress.step)
        lr = optim.learning_rate(settings, step, batches.epoch_steps)
        evidence.step, evidence.epoch = step + 1, step // batches.epoch_steps + 1
        clock.begin_step()
        images, labels = batches.at(step)
        clock.have_data()
        while True:
            optimizer.zero_grad()
            ranks.seed(dropout + step)
            try:
                with precision:
                    _gradient(forward, images, labels, progress.micro_batch, size, smoothing, found)
                break
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                if progress.micro_batch == 1:
                    raise OutOfMemory("not even one image at a time fits into memory") from error
            # The same step again, in smaller pieces; only what normalisation has averaged differs.
            progress.micro_batch = math.ceil(progress.micro_batch / 2)
            print(f"out of memory: {progress.micro_batch} images at a time from now on", flush=True)
        # Behind the gradient stands what processes must agree on, so that one sum does it all.
        if stop.asked:
            found[2].fill_(1)
        ranks.add(optimizer.sums)
        norm = optimizer.gradient_norm()
        window.append((step, lr, size, torch.cat([optimizer.extra, norm[None]])))

        # What it found; reading a GPU's numbers waits for it, so there it is done now and then.
        ends_epoch = (step + 1) % batches.epoch_steps == 0
        if not cuda or ends_epoch or len(window) == GPU_WINDOW_STEPS:
            stopping = _read(window, progress, evidence, settings.clip)
            window.clear()

        optimizer.step(lr, norm)
        if average is not None:
            # The first averages forget faster, or the random start would stay in them for long.
            average.lerp_(optimizer.weights, 1 - min(settings.ema, (step + 1) / (step + 10)))
        progress.step += 1
        progress.seconds = time.perf_counter() - started
        evidence.beat()
        clock.end_step()

        if ends_epoch:
            ranks.share(model)
            with _averaged(optimizer.weights, average):
                values = progress.epoch_values(evidence.epoch, lr)
                answers = predict(model, dataset.validation)
                values |= _under("val", score(answers, dataset.validation.labels))
                values["val/gap"] = values["train/acc"] - values["val/acc"]
                if not math.isfinite(values["val/loss"]):
                    raise NonFiniteError(f"validation loss {values['val/loss']}")
                checkpoints.keep_best(progress, evidence.epoch, model, values)
                if settings.save_epochs and evidence.epoch % settings.save_epochs == 0:
                    checkpoints.save_model(f"epoch-{evidence.epoch}", model, values)
            model.train()
            timing = clock.epoch_values(tracker.seconds)
            tracker.epoch(values | timing)
            often = config.track.samples_every
            if often and evidence.epoch % often == 0 and tracker.shows.due:
                tracker.pictures(evidence.epoch, answers, dataset)
            print(_line(values, settings.epochs), flush=True)
            progress.end_epoch(values)
            tell(progress, config, ground, tracker, timing["perf/data_frac"])
            evidence.beat()
            stopped_early = 0 < settings.patience <= progress.waited
        elif not window and tracker.rows.due:
            tracker.window(1 + progress.step / batches.epoch_steps, lr, progress)

        # State is written between two steps only, and only what has been read and found finite.
        if not window and (stopping or time.perf_counter() - saved > settings.save_seconds):
            checkpoints.save_last(progress, model, optimizer, average)
            saved, evidence.saved = time.perf_counter(), progress.step
            tracker.artifacts.state(folder, 0.0 if stopping else config.track.upload_seconds)
            if stopping and progress.step < steps:
                raise Preempted(stop.signum or signal.SIGTERM)

    # The end: the last state, and the best weights, which alone meet the test split, once.
    checkpoints.save_last(progress, model, optimizer, average)
    if ranks.rank:
        return progress.values
    if average is not None:
        optimizer.weights.copy_(average)
    judged = dataset.validation
    examples = by_source(predict(model, judged), judged.labels, judged.sources)
    if len(examples) <= MOST_EXAMPLES:
        tracker.summary({"examples/val/acc": examples})
    checkpoints.load_best(progress, model)
    tested = score(predict(model, dataset.test), dataset.test.labels)
    accuracy, images = tested["acc"], len(dataset.test)
    samples = sum(batches.size(step) for step in range(progress.step))
    summary = {
        "test/loss": tested["loss"],
        "test/acc": accuracy,
        "test/acc_se": math.sqrt(accuracy * (1 - accuracy) / images),
        "test/n": images,
        "train/samples_seen": samples,
        "perf/train_seconds": progress.seconds,
        "perf/seconds_to_best": progress.best_seconds,
        "perf/samples_per_second": samples / progress.seconds,
    }
    tracker.summary(summary)
    drawn = progress.rows if config.track.figures else ()
    answers = predict(model, dataset.validation)
    tracker.pictures(progress.values["epoch"], answers, dataset, drawn)
    if best := checkpoints.best(progress):
        tracker.artifacts.model(best, progress.top)
    if settings.save_epochs:
        tracker.artifacts.state(folder)
    return progress.values | summary


def _gradient(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    micro_batch: int,
    size: int,
    smoothing: float,
    found: Sequence[Tensor],
) -> None:
    """Adds up this process's part of the gradient of the global batch's mean loss.

    Args:
        model: In training mode, its gradients zero.
        images: (n, c, h, w) of this process.
        labels: (n,) of this process.
        micro_batch: Images at once.
        size: Images of the global batch.
        smoothing: Of the labels.
        found: Where this process's part of the mean loss is added first, and second how many
            images it answered correctly.
    """
    pieces = zip(images.split(micro_batch), labels.split(micro_batch), strict=True)
    for part, target in pieces if labels.numel() else ():
        logits, share = model(part), target.numel() / size
        loss = training_loss(logits, target, smoothing)
        if share < 1:
            loss = loss * share
        loss.backward()
        found[0].add_(loss.detach())
        found[1].add_((logits.detach().argmax(dim=1) == target).sum())


def _read(
    window: list[tuple[int, float, int, Tensor]],
    progress: Progress,
    evidence: Evidence,
    clip: float,
) -> bool:
    """Takes in the numbers of the last few steps; whether a process was asked to stop.

    Raises:
        NonFiniteError: A loss or a gradient is no number any more.
    """
    asked = False
    rows = torch.stack([numbers for *_, numbers in window]).tolist()
    for (step, lr, size, _), (loss, correct, stops, norm) in zip(window, rows, strict=True):
        evidence.see({"train/loss": loss, "train/grad_norm": norm, "train/lr": lr})
        if not (math.isfinite(loss) and math.isfinite(norm)):
            evidence.step = step + 1
            raise NonFiniteError(f"loss {loss:.3g}, gradient norm {norm:.3g}")
        progress.take_in(loss, correct, norm, size, clip)
        asked = asked or stops > 0
    return asked


@contextmanager
def _averaged(weights: Tensor, average: Tensor | None) -> Iterator[None]:
    """Puts the averaged weights in the place of the trained ones for a while."""
    if average is None:
        yield
        return
    trained = weights.clone()
    weights.copy_(average)
    yield
    weights.copy_(trained)


def _under(section: str, values: dict[str, float]) -> dict[str, float]:
    return {f"{section}/{name}": value for name, value in values.items()}


def _named(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _line(values: dict[str, float], epochs: int) -> str:
    shown = ("train/loss", "train/acc", "val/loss", "val/acc", "train/grad_norm", "train/lr")
    numbers = "  ".join(f"{key} {values[key]:.4g}" for key in shown)
    return f"epoch {values['epoch']:>2}/{epochs}  {numbers}"
