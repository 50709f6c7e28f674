"""Settings: merged in order, strict, and helpful when they are wrong."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from trainer.__main__ import main
from trainer.config import FILE, resolve
from trainer.health import ConfigError
from trainer.schema import KINDS, Config, fields


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
        ("train.lr.peak=3", "train.lr.peak: lr is no section"),
        ("model=vitt", "there is no model=vitt: did you mean model=vit?"),
        ("model=", "model is a section"),
        ("defaults=[vit]", "defaults: 'vit' is no group"),
        ("defaults=[{model: 3}]", "there is no model=3"),
        ("defaults=[{modl: vit}]", "there is no group modl"),
        ("--config=nowhere.yaml", "cannot read nowhere.yaml: No such file"),
        ("model.widths=[16]", "unknown setting model.widths: did you mean model.width?"),
        ("data.checks.min_class=1", "did you mean data.checks.min_per_class?"),
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
        ("augment.affine=1.1", "augment.affine: Input should be less than or equal to 1"),
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


def test_a_group_brings_its_files_values():
    assert resolve(["model=resnet18"]).model.blocks == [2, 2, 2, 2]
    assert resolve(["optim=sgd", "optim.nesterov=true"]).optim.nesterov
    assert resolve([], {"model": "vit", "model.depth": 3}).model.depth == 3
    assert resolve(["model.depth=3", "model=vit"]).model.depth == 3


def test_a_group_of_the_same_kind_keeps_what_it_does_not_name():
    config = resolve(["train=fast_dev", "seed=4"])
    assert (config.train.epochs, config.train.epoch_steps) == (5, 5)
    assert config.train.lr == resolve().train.lr
    assert config.seed == 4


def test_a_group_of_another_kind_starts_afresh(tmp_path: Path):
    file = tmp_path / "config.yaml"
    file.write_text(FILE.read_text().replace("depth: 2", "depth: 7"))
    assert resolve(file=file).model.depth == 7
    assert resolve(["model=vit"], file=file).model == resolve(["model=vit"]).model


def test_a_file_of_ones_own_stands_between_ours_and_the_arguments(tmp_path: Path):
    file = tmp_path / "own.yaml"
    file.write_text("defaults:\n  - model: vit\ntrain: {lr: 3e-3, batch: 8}\n")
    config = resolve(["train.batch=16", "--config", str(file)], {"train.epochs": 2})
    assert (config.model.kind, config.train.lr, config.train.batch) == ("vit", 0.003, 16)
    assert config.train.epochs == 2


def test_arguments_may_have_hyphens_as_sweeps_write_them():
    assert resolve(["--train.lr=3e-3", "--model=vit"]) == resolve(["train.lr=3e-3", "model=vit"])


@pytest.mark.parametrize(
    "group",
    [
        f"{folder.name}={file.stem}"
        for folder in FILE.parent.iterdir()
        if folder.is_dir()
        for file in folder.glob("*.yaml")
    ],
)
def test_every_group_is_valid_and_real(group: str):
    section, _, name = group.partition("=")
    config = resolve([group])
    if section in KINDS:
        text = (FILE.parent / section / f"{name}.yaml").read_text()
        assert f"kind: {getattr(config, section).kind}" in text
    assert Config.model_validate(config.model_dump()) == config


def test_the_file_only_names_what_the_schema_would_say_too():
    # An experiment is a change of the file, so the file has to show what there is to change.
    assert resolve() == Config()


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
    kinds = {section: getattr(resolve(), section).kind for section in KINDS}
    assert rows.keys() >= fields(kinds).keys() == resolve().flat().keys()
    assert all(meaning in rows[name] for name, meaning in fields(kinds).items())
    assert rows["model=mlp"].endswith("vit | vit-b")
