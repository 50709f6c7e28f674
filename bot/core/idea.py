"""An idea, as the issue form leaves it in the body of an issue."""

import re

from pydantic import Field

from bot.core.record import Record
from bot.core.settings import parse_overrides
from bot.errors import UserError

EMPTY = "_No response_"
FIELDS = {
    "what should change?": "change",
    "why should it help?": "hypothesis",
    "configuration, if that is all it takes": "overrides",
    "what gain do you expect?": "expected",
    "what could go wrong?": "risks",
}


class Idea(Record):
    """What somebody proposes to try."""

    change: str
    hypothesis: str = ""
    overrides: dict[str, str] = Field(default_factory=dict)
    """The settings to change; without any it asks for a change of code."""
    expected: str = ""
    risks: str = ""


def parse(body: str) -> Idea:
    """Read the form's sections; a body without any is taken whole as the change.

    Raises:
        UserError: the idea is empty, or its configuration cannot be read.
    """
    pieces = re.split(r"^### +(\S.*)$", body.replace("\r\n", "\n"), flags=re.MULTILINE)
    answers = {"change": pieces[0].strip()} if len(pieces) == 1 else {}
    for title, answer in zip(pieces[1::2], pieces[2::2], strict=True):
        if (field := FIELDS.get(title.rstrip().lower())) and (text := answer.strip()) != EMPTY:
            answers[field] = re.sub(r"\A```\w*\n(.*?)\n?```\Z", r"\1", text, flags=re.DOTALL)
    if not answers.get("change"):
        raise UserError(
            "The idea is empty. Say under **What should change?** what to try, "
            "then add the label `experiment` again or write `/pick`."
        )
    overrides = parse_overrides(answers.pop("overrides", ""))
    return Idea.model_validate({**answers, "overrides": overrides})


def hoped(expected: str) -> float | None:
    """The gain that somebody expects, in the metric's unit: the first number of what they wrote.

    A share such as `2%` could be one of the metric or of the baseline, so that it says nothing.
    """
    found = re.search(r"(?<![\w.,/])[+-]?(\d+(?:\.\d+)?(?:e-?\d+)?)(?![\w/]|[.,]\d|\s*%)", expected)
    return float(found[1]) or None if found else None
