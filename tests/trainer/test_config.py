"""Settings: merged in order, strict, and helpful when they are wrong."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from trainer.__main__ import main
from trainer.config import FIELDS, FILE, resolve
from trainer.health import ConfigError


def test_each_source_wins_over_the_one_before():
    assert resolve().train.lr == 0.01
    assert resolve(["train.lr=0.5"]).train.lr == 0.5
    assert resolve(["train.lr=0.5"], {"train": {"lr": 0.7}}).train.lr == 0.7
    assert resolve(["train.lr=0.5"], {"train.lr": 0.7, "model.width": 8}).model.width == 8


def test_what_launch_notes_beside_the_settings_is_left_alone():
    assert resolve([], {"commit": "abc", "issue": {"number": 3}}) == resolve()


@pytest.mark.parametrize("text", ["3e-3", "3E-3", "0.3e-2", ".003", "+3.0e-3", "0.003"])
def test_a_number_is_a_number_however_it_is_written(text: str):
    assert resolve([f"train.lr={text}"]).train.lr == 0.003


def test_the_file_too_may_say_3e_3(tmp_path: Path):
    file = tmp_path / "config.yaml"
    file.write_text(FILE.read_text().replace("lr: 0.01", "lr: 3e-3"))
    assert resolve(file=file).train.lr == 0.003


@pytest.mark.parametrize(
    ("argument", "complaint"),
    [
        ("train.lrr=1", "unknown setting train.lrr: did you mean train.lr?"),
        ("lr=1", "unknown setting lr: did you mean train.lr?"),
        ("model.drop_out=0.1", "did you mean model.dropout?"),
        ("train=3", "train is a section"),
        ("train={lr: 1}", "train is a section"),
        ("seed", "'seed' is no setting: write key=value"),
        ("train.lr=fast", "train.lr: Input should be a valid number, got 'fast'"),
        ("train.lr=", "train.lr: Input should be a valid number, got None"),
        ("train.lr=[1", "is not YAML"),
        ("train.lr=0", "train.lr: Input should be greater than 0"),
        ("train.lr=.nan", "train.lr: Input should be a finite number"),
        ("train.lr=1e999", "train.lr: Input should be a finite number"),
        ("model.width=1.5", "model.width: Input should be a valid integer"),
        ("model.width=yes", "model.width: Input should be a valid integer"),
        ("seed=-1", "seed: Input should be greater than or equal to 0"),
        ("train.augment=1.1", "train.augment: Input should be less than or equal to 1"),
    ],
)
def test_a_bad_argument_is_named(argument: str, complaint: str):
    with pytest.raises(ConfigError) as caught:
        resolve([argument])
    assert complaint in str(caught.value)


def test_every_problem_is_named_at_once():
    with pytest.raises(ConfigError) as caught:
        resolve(["model.width=0", "train.batch=x"])
    assert "model.width" in str(caught.value)
    assert "train.batch" in str(caught.value)


def test_an_unknown_setting_from_w_and_b_is_refused_as_well():
    with pytest.raises(ConfigError, match=r"train\.lrr"):
        resolve([], {"train": {"lrr": 1}})


def test_a_setting_that_the_file_lacks_is_named(tmp_path: Path):
    file = tmp_path / "config.yaml"
    file.write_text(FILE.read_text().replace("  width: 192\n", ""))
    with pytest.raises(ConfigError, match=r"model\.width: Field required"):
        resolve(file=file)


def test_a_configuration_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError):
        resolve().train.lr = 1.0


def test_seeds_share_a_hash_and_settings_do_not():
    assert resolve(["seed=2"]).hash() == resolve(["seed=3"]).hash()
    hashes = {resolve([setting]).hash() for setting in ("seed=2", "train.lr=0.5", "threads=2")}
    assert len(hashes) == 3


def test_help_shows_every_setting_with_its_value(capsys: pytest.CaptureFixture[str]):
    assert main(["--help"]) == 0
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert all(str(value) in rows[name] for name, value in resolve().flat().items())
    assert all(field.description in rows[name] for name, field in FIELDS.items())
