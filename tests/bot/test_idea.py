import pytest

from bot.core.idea import Idea, hoped, parse
from bot.errors import UserError

FORM = """\
### What should change?

Average the weights.

### Why should it help?

Dice jumps between epochs.

### Kind of work

Configuration only

### Configuration, if that is all it takes

```text
model.ema_decay=0.999
train.lr=0.1
```

### What gain do you expect?

0.005 on val/dice

### What could go wrong?

_No response_
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_form_is_read_as_github_leaves_it(newline: str) -> None:
    assert parse(FORM.replace("\n", newline)) == Idea(
        change="Average the weights.",
        hypothesis="Dice jumps between epochs.",
        overrides={"model.ema_decay": "0.999", "train.lr": "0.1"},
        expected="0.005 on val/dice",
    )


def test_without_configuration_it_is_a_change_of_code() -> None:
    body = FORM.replace("```text\nmodel.ema_decay=0.999\ntrain.lr=0.1\n```", "_No response_")
    assert parse(body).overrides == {}


def test_free_text_is_the_change() -> None:
    assert parse("  Try a wider decoder.\n") == Idea(change="Try a wider decoder.")


@pytest.mark.parametrize(
    "body", ["", "  \n", "### What should change?\n\n_No response_\n", "### Something else\n\nx"]
)
def test_an_empty_idea_is_told_what_to_do(body: str) -> None:
    with pytest.raises(UserError, match=r"The idea is empty\. Say under"):
        parse(body)


def test_a_configuration_that_cannot_be_read_is_told() -> None:
    with pytest.raises(UserError, match="`faster` is no setting"):
        parse(FORM.replace("train.lr=0.1", "faster"))


@pytest.mark.parametrize(
    ("expected", "gain"),
    [
        ("0.005 on val/dice", 0.005),
        ("about +0.4, with luck", 0.4),
        ("1e-3", 0.001),
        ("val/acc_top1 should rise by 0.02", 0.02),
        ("2% on top1", None),
        ("2 %", None),
        ("a bit", None),
        ("0", None),
        ("", None),
        ("see v1.2.3", None),
    ],
)
def test_the_gain_that_somebody_hopes_for(expected: str, gain: float | None) -> None:
    assert hoped(expected) == gain


@pytest.mark.parametrize("piece", [" ", "\t", "# ", "### ", "`"])
def test_a_long_title_is_read_in_linear_time(piece: str) -> None:
    """A pattern that backtracks over the whole line would run into the time limit of the test."""
    assert parse(f"### a{piece * 200_000}b\n### What should change?\n\nx").change == "x"
