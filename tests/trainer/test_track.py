"""Tracking: what is logged, when, and who says so."""

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from trainer.config import resolve
from trainer.data.dataset import Dataset, Spec, Split
from trainer.health import Evidence, Stop
from trainer.loop import train
from trainer.track import KEYS, Tracker, identity, pictures, table
from trainer.track.clock import COLD_STEPS, Clock
from trainer.track.run import Pace

ROOT = Path(__file__).parents[2]
CPU = torch.device("cpu")
NAMES = "WANDB_NAME", "WANDB_TAGS", "WANDB_RUN_GROUP"


class Always(Pace):
    """Never waits."""

    SECONDS = COSTS = -1.0


def test_the_page_of_all_keys_is_up_to_date():
    assert (ROOT / "docs" / "metrics.md").read_text() == table()


def test_every_key_says_what_it_is_and_how_it_is_calculated():
    for name, key in KEYS.items():
        assert key.meaning, name
        assert key.formula, name


def test_times_and_sizes_have_units():
    for name, key in KEYS.items():
        if name.endswith(("_seconds", "_gb", "_per_second")) or "_ms_" in name:
            assert key.unit, name


def test_rows_within_an_epoch_add_up_to_it(tiny, fake_run, tmp_path: Path):
    tracker = Tracker(fake_run)
    tracker.rows = Always()
    train(tiny("train.batch=100"), tracker, Stop(), Evidence(), tmp_path)
    rows = [row for row in fake_run.logged if row["epoch"] < 2 and "window/loss" in row]
    assert [row["epoch"] for row in rows] == pytest.approx([1 + n / 11 for n in range(1, 11)])
    first = fake_run.history[0]
    last = first["train/loss"] * 1079 - sum(row["window/loss"] * 100 for row in rows)
    assert 0 < last / 79 < 2 * first["train/loss"]
    assert rows[0]["window/lr"] > rows[-1]["window/lr"] > first["train/lr"]
    assert rows[-1]["window/grad_norm"] <= first["train/grad_norm"]


def test_rows_within_an_epoch_wait_for_fifty_times_what_one_takes():
    pace = Pace()
    assert not pace.due
    pace.since -= Pace.SECONDS
    assert pace.due
    pace.done(pace.since - 1000)  # it took that many seconds more
    pace.since -= 40_000
    assert not pace.due
    pace.since -= 40_000
    assert pace.due


def test_tables_come_every_few_epochs_and_at_the_end(tiny, fake_run, tmp_path: Path):
    tracker = Tracker(fake_run)
    tracker.shows = Always()
    config = tiny("train.epochs=5", "track.samples_every=2", "track.figures=false")
    train(config, tracker, Stop(), Evidence(), tmp_path)
    shown = [row["epoch"] for row in fake_run.logged if "val/samples" in row]
    assert shown == [2, 4, 5]
    assert not any("figure/curves" in row for row in fake_run.logged)


def test_everything_but_pictures_lies_on_disk_too(tiny, fake_run, tmp_path: Path):
    tracker = Tracker(fake_run)
    train(tiny(), tracker, Stop(), Evidence(), tmp_path)
    lines = [json.loads(line) for line in (tracker.folder / "metrics.jsonl").open()]
    rows = [line for line in lines if "val/acc" in line]
    assert rows == [row for row in fake_run.logged if "val/acc" in row]
    summary = {key: value for line in lines if line not in rows for key, value in line.items()}
    assert summary == fake_run.summary
    for name in ("curves", "confusion", "worst"):
        with Image.open(tracker.folder / f"{name}.png") as picture:
            assert min(picture.size) > 100


def test_a_process_that_is_not_the_first_tracks_nothing(tiny, fake_run, tmp_path: Path):
    tracker = Tracker(fake_run, speaks=False)
    train(tiny(), tracker, Stop(), Evidence(), tmp_path)
    assert not tracker.folder.exists()
    assert fake_run.artifacts == {}
    assert not any("val/samples" in row for row in fake_run.logged)


def test_how_often_clipping_acted(tiny, fake_run, tmp_path: Path):
    for clip, expected in ((0, 0.0), (1e-9, 1.0), (1e9, 0.0)):
        config = tiny(f"train.clip={clip}", "train.epochs=1", "track.figures=false")
        train(config, Tracker(fake_run), Stop(), Evidence(), tmp_path / str(clip))
        assert fake_run.history[-1]["train/clip_frac"] == expected


class Time:
    """Moves only when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_the_clock_leaves_the_first_steps_out_and_says_what_is_lost():
    now = Time()
    clock = Clock(CPU, now)

    def steps(count: int, waited: float, worked: float) -> None:
        for _ in range(count):
            clock.begin_step()
            now.seconds += waited
            clock.have_data()
            now.seconds += worked
            clock.end_step()

    steps(COLD_STEPS, 1, 4)
    steps(95, 0, 0.1)
    steps(5, 0, 0.5)
    values = clock.epoch_values(tracked=6)
    assert values["perf/step_ms_p50"] == pytest.approx(100)
    assert values["perf/step_ms_p95"] == pytest.approx(500)
    wall = COLD_STEPS * 5 + 95 * 0.1 + 5 * 0.5
    assert values["perf/data_frac"] == pytest.approx(COLD_STEPS / wall)
    assert values["perf/track_frac"] == pytest.approx(6 / wall)
    assert 0.05 < values["perf/rss_gb"] < 50
    assert "perf/gpu_mem_gb" not in values

    steps(2, 0.5, 0.5)
    values = clock.epoch_values(tracked=7)
    assert values["perf/step_ms_p50"] == pytest.approx(1000)
    assert (values["perf/data_frac"], values["perf/track_frac"]) == pytest.approx((0.5, 0.5))


def test_a_first_epoch_that_is_short_counts_all_the_same():
    now = Time()
    clock = Clock(CPU, now)
    clock.begin_step()
    now.seconds += 2
    clock.have_data()
    clock.end_step()
    assert clock.epoch_values(0)["perf/step_ms_p50"] == pytest.approx(2000)


def test_a_run_has_a_name_and_tags_unless_the_environment_has(fake_run, monkeypatch):
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    fake_run.name, fake_run.tags = "sunny-hill-7", ()
    identity.introduce(fake_run, resolve(["model=resnet8x8", "seed=4"]), "train")
    assert fake_run.name == "resnet-16-32-64-digits-seed4"
    assert fake_run.tags == ("train", "digits", "resnet-16-32-64")
    monkeypatch.setenv("WANDB_NAME", "labhand/exp/7/seed-4")
    monkeypatch.setenv("WANDB_TAGS", "labhand,search")
    monkeypatch.setenv("WANDB_RUN_GROUP", "exp-7")
    fake_run.name, fake_run.tags = "labhand/exp/7/seed-4", ("labhand", "search")
    identity.introduce(fake_run, resolve(), "train")
    assert (fake_run.name, fake_run.tags) == ("labhand/exp/7/seed-4", ("labhand", "search"))
    assert identity.group() == "exp-7"


@pytest.mark.parametrize(
    ("group", "name"),
    [("mlp", "mlp-192x2"), ("resnet", "resnet-16-32-64"), ("vit-b", "vit-768x12")],
)
def test_models_have_names(group: str, name: str):
    assert identity.variant(resolve([f"model={group}"]).model) == name


def dataset(size: int, channels: int, classes: int) -> Dataset:
    source = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (size, channels, 9, 7), dtype=torch.uint8, generator=source)
    labels = torch.arange(size) % classes
    split = Split(images, labels, labels.numpy())
    return Dataset(Spec((channels, 9, 7), tuple(map(str, range(classes)))), split, split, split)


@pytest.mark.parametrize(("channels", "classes"), [(1, 3), (3, 30)])
def test_the_same_images_each_time_and_the_worst(channels: int, classes: int):
    data = dataset(200, channels, classes)
    source = torch.Generator().manual_seed(2)
    once, again = (
        pictures.examples(torch.randn(200, classes, generator=source), data) for _ in range(2)
    )
    assert [each.sort for each in once] == ["fixed"] * 16 + ["worst"] * 16
    assert [each.image for each in once[:16]] == [each.image for each in again[:16]]
    assert [each.image for each in once[16:]] != [each.image for each in again[16:]]
    assert all(each.label != each.prediction for each in once[16:])
    assert once[0].image.size == (7 * 7, 9 * 7)
    assert once[0].image.mode == ("L" if channels == 1 else "RGB")


def test_the_worst_image_comes_first_and_its_probability_is_the_predictions():
    data = dataset(40, 1, 2)
    logits = torch.zeros(40, 2)
    logits[torch.arange(40), data.validation.labels] = 5
    logits[7] = torch.tensor([3.0, 0.0])  # its label is 1
    (worst,) = pictures.examples(logits, data)[16:17]
    assert (worst.label, worst.prediction) == ("1", "0")
    assert worst.probability == pytest.approx(torch.tensor([3.0, 0.0]).softmax(0)[0].item())


def test_a_small_split_is_shown_whole():
    assert len(pictures.examples(torch.zeros(5, 2), dataset(5, 1, 2))) == 10


def test_a_matrix_is_dark_where_the_answers_are():
    sheet = pictures.matrix(torch.tensor([[9, 0], [0, 9]]).numpy(), ["cat", "dog"])
    corner = sheet.width - 36
    assert sheet.getpixel((corner + 2, corner + 2)) == (0, 0, 255)
    assert sheet.getpixel((corner - 10, corner + 10)) == (255, 255, 255)


def test_curves_of_a_single_epoch_are_drawn():
    row = {"epoch": 1, "train/loss": 1.0, "val/loss": 1.0, "train/acc": 0.5, "val/acc": 0.5}
    assert pictures.curves([row]).size == (840, 300)
