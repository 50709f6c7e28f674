"""The command line: each verb is there, says what it takes, and refuses what it does not know."""

from importlib import import_module

import pytest

from trainer.__main__ import VERBS, main


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_a_function_and_a_line_of_help(verb: str, capsys: pytest.CaptureFixture[str]):
    module, _, function = VERBS[verb].place.partition(":")
    assert callable(getattr(import_module(module), function))
    assert main([verb, "--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: python -m trainer")
    assert main(["--help"]) == 0
    assert f"\n  {verb:<12}{VERBS[verb].does}\n" in capsys.readouterr().out


def test_help_on_a_verb_shows_what_it_takes(capsys: pytest.CaptureFixture[str]):
    main(["export", "--help"])
    assert "python -m trainer export ckpt=PATH|ARTIFACT to=FOLDER" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "guess"), [("trian", "train"), ("quantize", "quantise"), ("verify", "verify-run")]
)
def test_an_unknown_verb_is_told_the_nearest(
    word: str, guess: str, capsys: pytest.CaptureFixture[str]
):
    assert main([word, "seed=2"]) == 2
    assert capsys.readouterr().err == f"trainer: there is no {word}: did you mean {guess}?\n"


@pytest.mark.parametrize("verb", [(), ("train",)])
def test_without_a_verb_it_trains(start, verb: tuple[str, ...]):
    process = start(*verb, "--train.lrr=1", WANDB_MODE="disabled")
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "unknown setting train.lrr: did you mean train.lr?" in out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["export", "to=x"], "ckpt= is missing"),
        (["export", "ckpt=x", "to=y", "from=z"], "there is no from=, only data.path, ckpt, to"),
        (["export", "x"], "'x' is no setting: write key=value"),
        (["serve", "model=x", "port=high"], "port: Input should be a valid integer"),
        (["export", "ckpt=nowhere", "to=x"], "there is no checkpoint nowhere"),
        (["bench", "model=nowhere"], "nowhere holds no exported model"),
    ],
)
def test_a_wrong_argument_is_named(
    words: list[str], problem: str, capsys: pytest.CaptureFixture[str]
):
    assert main(words) == 2
    assert problem in capsys.readouterr().err


def test_check_shows_the_data_and_says_whether_they_will_do(capsys: pytest.CaptureFixture[str]):
    assert main(["check", "data.copies=1"]) == 0
    assert capsys.readouterr().out.startswith("train: 1079 images, per class ")
    assert main(["check", "data.copies=1", "data.checks.min_per_class=1000"]) == 3
    (line,) = (line for line in capsys.readouterr().err.splitlines() if "min_per_class" in line)
    assert line.endswith("FAILED")
