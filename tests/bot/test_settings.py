import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.core.settings import (
    changed_settings,
    nested,
    parse_overrides,
    read_settings,
    with_settings,
)
from bot.errors import UserError

TEXT = """\
# How we train
model:
  name: resnet    # or vit
  width: 32
  dropout:
train: {lr: 0.1, epochs: 40}
notes: "a # b"
layers: [1, 2]
"""

NAME = st.from_regex(r"[a-z][a-z_]{0,6}", fullmatch=True).filter(
    lambda name: yaml.safe_load(name) == name
)
VALUE = st.from_regex(r"\w[\w.+-]{0,9}", fullmatch=True)
TREE = st.dictionaries(NAME, VALUE | st.dictionaries(NAME, VALUE, min_size=1), min_size=1)


def test_settings_have_dotted_names_and_are_as_written() -> None:
    assert read_settings(TEXT) == {
        "model.name": "resnet",
        "model.width": "32",
        "model.dropout": "",
        "train.lr": "0.1",
        "train.epochs": "40",
        "notes": "a # b",
    }


def test_only_what_was_asked_for_changes() -> None:
    changes = {"train.lr": "0.03", "model.width": "64", "notes": "short"}
    expected = TEXT.replace("0.1", "0.03").replace("32", "64").replace('"a # b"', "short")
    assert with_settings(TEXT, changes) == expected


def test_an_empty_setting_can_be_filled() -> None:
    assert with_settings("a:\nb: 1\n", {"a": "5"}) == "a: 5\nb: 1\n"
    assert read_settings(with_settings(TEXT, {"model.dropout": "0.2"}))["model.dropout"] == "0.2"


def test_an_unknown_setting_gets_the_nearest_name() -> None:
    with pytest.raises(UserError, match=r"no setting `train.rl`. Did you mean `train.lr`\?"):
        with_settings(TEXT, {"train.rl": "1"})
    with pytest.raises(UserError, match=r"no setting `zzzzzzz`\.$"):
        with_settings(TEXT, {"zzzzzzz": "1"})


@pytest.mark.parametrize("value", ["[1,2]", "1\nevil: 2", "a: b", "'quoted'", "x #y", "}", "&a b"])
def test_what_is_no_plain_value_is_refused(value: str) -> None:
    with pytest.raises(UserError, match=r"is no plain value for the setting `train\.lr`"):
        with_settings(TEXT, {"train.lr": value})


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "a: [1"])
def test_what_holds_no_settings_is_refused(text: str) -> None:
    with pytest.raises(UserError):
        read_settings(text)


@given(TREE, st.data())
def test_what_was_written_is_read_again(tree: dict[str, object], data: st.DataObject) -> None:
    text = yaml.safe_dump(tree, default_style="'", sort_keys=False)
    before = read_settings(text)
    changes = data.draw(st.dictionaries(st.sampled_from(sorted(before)), VALUE))
    after = with_settings(text, changes)
    assert read_settings(after) == {**before, **changes}
    assert changed_settings(text, after) == {
        name: value for name, value in changes.items() if before[name] != value
    }
    assert with_settings(text, {}) == text


@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_and_any_value_are_written_or_refused(text: str, value: str) -> None:
    try:
        known = read_settings(text)
        written = with_settings(text, dict.fromkeys(known, value))
    except UserError:
        return
    assert read_settings(written) == dict.fromkeys(known, value)


def test_a_new_setting_is_a_changed_one() -> None:
    assert changed_settings("a: 1\nb: 2\n", "a: 1\nb: 3\nc: 4\n") == {"b": "3", "c": "4"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("model.ema=0.999", {"model.ema": "0.999"}),
        ("a=1\nb=2 c=3", {"a": "1", "b": "2", "c": "3"}),
        ("`lr=0.1`,", {"lr": "0.1"}),
        ("url=a=b", {"url": "a=b"}),
    ],
)
def test_overrides(text: str, found: dict[str, str]) -> None:
    assert parse_overrides(text) == found


@pytest.mark.parametrize("word", ["lr", "lr=", "=1", "a..b=1", "--lr=1", "a-b=1", "1a=2"])
def test_a_word_that_is_no_setting_is_named(word: str) -> None:
    with pytest.raises(UserError, match=r"is no setting\. Write one `name=value` a line") as error:
        parse_overrides(f"ok=1 {word}")
    assert f"`{word}`" in str(error.value)


def test_settings_are_nested_as_a_program_holds_them() -> None:
    flat = {"train.lr": "0.1", "train.on": "true", "model.name": "vit", "seed": "3", "x": ""}
    assert nested(flat) == {
        "train": {"lr": 0.1, "on": True},
        "model": {"name": "vit"},
        "seed": 3,
        "x": None,
    }


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("1e-3", 0.001),
        ("-1E5", -1e5),
        (".5e2", 50.0),
        ("[1e-3, 2]", [0.001, 2]),
        ("1e400", "1e400"),
        ("[.nan]", "[.nan]"),
        ("1e-3x", "1e-3x"),
        ("2026-01-01", "2026-01-01"),
        ("[2026-01-01]", ["2026-01-01"]),
        ("@x", "@x"),
        ("*x", "*x"),
        ("=", "="),
        ("[" * 900 + "]" * 900, "[" * 900 + "]" * 900),
        ("!!binary aGk=", "!!binary aGk="),
    ],
)
def test_a_value_is_what_it_looks_like_and_never_breaks_a_launch(given: str, meant: object) -> None:
    assert nested({"x": given}) == {"x": meant}


def test_a_setting_that_was_a_part_becomes_whole() -> None:
    assert nested({"a": "1", "a.b": "2"}) == {"a": {"b": 2}}


@pytest.mark.parametrize("value", ["$(id)", "1;id", "`id`x", "a|b", "1\u202e0", "[1,", "a>b"])
def test_an_idea_has_no_setting_that_a_shell_would_obey(value: str) -> None:
    with pytest.raises(UserError, match="is no setting"):
        parse_overrides(f"lr={value}")
