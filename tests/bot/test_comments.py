"""Replies as people read them, and what holds of all of them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from jinja2 import UndefinedError

from bot import grammar
from bot.commands import Command
from bot.comments import (
    BUDGET,
    TEMPLATES,
    prompt,
    render,
)
from bot.core.interval import Interval, Sample
from bot.core.numbers import NO_BREAK
from bot.core.price import Price
from bot.replies import Reply
from tests.approved import approved
from tests.bot.examples import EXAMPLES
from tests.bot.examples.report import LOSS, UNDECIDED, WIN, report
from tests.bot.examples.team import primary
from tests.bot.examples.training import ALL_FAILED, FAILED
from tests.bot.markdown import check_tables, without_fences

FOLDER = Path(__file__).parent / "snapshots"
MARKDOWN = {name: reply for name, reply in EXAMPLES.items() if name != "merge_message"}
ANSWER = re.compile(r"report|failure|ready|not_conf|merged$|released")
ANSWERS = [name for name in EXAMPLES if ANSWER.match(name)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_reply_reads_as_a_person_has_approved(name: str) -> None:
    body = render(EXAMPLES[name])
    assert body == approved(FOLDER / f"{name}.md", body)


@pytest.mark.parametrize("name", ["pull_body", "fixed", "report_win"])
def test_a_setting_is_the_same_number_in_every_reply(name: str) -> None:
    body = render(replace(EXAMPLES[name], settings={"train.decay": ("0.0", "1e-2")}))
    said = body.partition("<summary>For programs")[0]
    assert "`0`" in said
    assert "0.01`" in said
    assert "0.0`" not in said


def test_without_prices_a_table_says_the_time_once() -> None:
    some, all_ = Price(0.002, None, 7.2), Price(0.01, None, 36)
    options = (replace(UNDECIDED.options[0], price=some), replace(UNDECIDED.options[1], price=all_))
    report = render(replace(UNDECIDED, options=options))
    assert "| to go on | time | ends as WIN |" in report
    assert "| `/launch seeds=+5` | 7 s | 30% |" in report
    assert report.count(" s of training") == 1
    failure = render(replace(FAILED, price_of_left=some, price_of_all=all_))
    assert "| what you can do | time | trains | commit |" in failure
    assert "| `/launch only=failed` | 7 s | seed 4 |" in failure
    alike = render(replace(FAILED, price_of_left=all_, price_of_all=all_))
    assert "| what you can do | trains | commit |" in alike
    assert alike.count("36 s") == 1


def test_there_is_no_snapshot_of_a_reply_that_is_gone() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == set(EXAMPLES)


def test_every_reply_has_a_template_an_example_and_no_template_stands_alone() -> None:
    names = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", r.__name__).lower() for r in get_args(Reply)}
    assert {path.name.removesuffix(".md.j2") for path in TEMPLATES.glob("*.md.j2")} == names
    assert {type(reply) for reply in EXAMPLES.values()} == set(get_args(Reply))


def test_a_value_that_a_template_asks_for_and_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError, match="task"):
        prompt("implement_task")


def test_none_is_never_shown() -> None:
    with pytest.raises(AssertionError, match="None"):
        render(replace(WIN, look=None))


@pytest.mark.parametrize("name", ANSWERS)
def test_the_second_line_says_what_comes_next(name: str) -> None:
    first, second = render(EXAMPLES[name]).split("\n")[:2]
    assert first.startswith(("### ", "**"))
    assert second.startswith("Next")


@pytest.mark.parametrize("name", sorted(MARKDOWN.keys() - {"help", "manual", "problem"}))
def test_every_command_can_be_pasted_as_it_stands(name: str) -> None:
    for typed in re.findall(r"`(/[a-z][^`]*)`", render(MARKDOWN[name])):
        assert isinstance(grammar.parse(typed), Command), typed


@pytest.mark.parametrize("name", MARKDOWN)
def test_tables_are_whole_and_narrow(name: str) -> None:
    check_tables(render(MARKDOWN[name]))


@pytest.mark.parametrize(
    "name",
    ["report_win", "report_undecided", "report_loss", "release_notes", "not_confirmed", "merged"],
)
def test_no_difference_stands_without_its_interval(name: str) -> None:
    body = without_fences(render(EXAMPLES[name])).replace("**", "")
    body = re.sub(r"`/launch seeds=\+\d+`|the correlation is −[\d.]+", "", body)
    rest, intervals = re.subn(r"[+−][\d.]+%? \([+−][\d.]+ to [+−][\d.]+\)", "", body)
    rest = re.sub(r"\+\d+ −\d+|limit [+−]\S+", "", rest)
    assert intervals
    assert not re.search(r"[+−]\d", rest)


def test_worse_is_said_only_where_it_is_sure() -> None:
    assert "It is worse: by 0.0037 at least." in render(LOSS)
    no_gain = render(EXAMPLES["report_no_gain"])
    assert "No gain worth having" in no_gain
    assert "worse" not in no_gain


def test_less_is_better_for_a_loss_that_is_minimised() -> None:
    row = replace(primary(Sample((1.0, 2.0))), goal="minimize", interval=Interval(2, 1, 3, 0.05))
    body = render(replace(LOSS, rows=(row,)))
    assert "It is worse: by 1.0 at least." in body
    assert "**val/dice** ↓" in body


def test_a_judge_that_changed_outside_of_the_pull_names_its_remedy() -> None:
    why = "The data is not the baseline's (`a`), but `b`. `/baseline` measures with what holds now."
    first, second = render(replace(LOSS, outcome="NOT_COMPARABLE", why=why)).split("\n")[:2]
    assert first == "### ⬜ NOT COMPARABLE · the data is not the baseline's (`a`), but `b`"
    assert second.startswith("Next: `/baseline` measures with what holds now; or take that out of")


def test_one_value_and_no_interval_do_not_break_a_report() -> None:
    row = replace(primary(Sample((1.0, 2.0))), candidate=Sample((0.5,)), interval=None)
    body = render(
        replace(
            WIN, outcome="UNDECIDED", rows=(row,), runs=WIN.runs[:1], curve=(), next_command="",
            why="All of the planned false-win probability is spent.", baseline_low=(),
        )
    )  # fmt: skip
    assert body.startswith("### 🟨 UNDECIDED · all of the planned false-win probability is spent\n")
    assert f"| no interval | 0.8412 ±{NO_BREAK}0.0019 | 0.5000 |" in body
    assert "· 1 seed at" in body
    assert "mermaid" not in body


def test_nan_and_infinity_are_said_in_words() -> None:
    inf = float("inf")
    row = replace(
        primary(Sample((1.0, 2.0))),
        candidate=Sample((float("nan"), 1.0)),
        interval=Interval(0.1, -inf, inf, 0.05),
    )
    body = render(report(Sample((0.8, 0.9)), "UNDECIDED", (0.1,) * 9, rows=(row,)))
    assert "+0.1 (−infinity to +infinity)" in body
    assert "not a number" in body


def test_a_failure_without_a_known_remedy_offers_no_fix() -> None:
    assert "/fix" in render(FAILED)
    assert "/fix" not in render(ALL_FAILED)


def test_a_failure_that_is_no_search_names_the_command_that_repeats_it() -> None:
    body = render(EXAMPLES["failure_report_baseline"])
    assert "Next: `/baseline seeds=5` trains seed 4 again" in body
    assert "/launch" not in body
    assert "of training" not in body


def test_a_stale_report_no_longer_says_what_was_next() -> None:
    body = render(replace(EXAMPLES["stale"], report=render(WIN)))
    assert "### ✅ WIN" in body
    assert "/merge" not in body
    assert body.count("\nNext: ") == 1


def test_a_stale_report_no_longer_offers_ways_to_go_on() -> None:
    assert "| to go on |" in render(UNDECIDED)
    assert "#53 leads" in render(UNDECIDED)
    body = render(replace(EXAMPLES["stale"], report=render(UNDECIDED)))
    assert "to go on" not in body
    assert "leads" not in body  # among experiments against a baseline of long ago
    assert "/launch seeds=" not in body
    assert "| **val/dice**" in body


@pytest.mark.parametrize(
    ("kind", "kept", "first"),
    [
        ("nan", True, "Next: push a change, then `/launch`"),
        ("oom", True, "Next: `/launch only=failed`"),
        ("oom", False, "Next: push a change, then `/launch`"),
        ("preempted", False, "Next: `/launch only=failed`"),
    ],
)
def test_what_would_fail_again_is_not_offered_first(kind: str, kept: bool, first: str) -> None:
    failed = replace(FAILED if kept else ALL_FAILED, kind=kind, suggestion={})
    assert render(failed).split("\n")[1].startswith(first)


def test_what_is_too_long_loses_its_least_important_folds_and_says_so() -> None:
    settings = {f"model.blocks.{i}.width": ("32", "64") for i in range(2000)}
    body = render(replace(UNDECIDED, settings=settings))
    assert len(body) <= BUDGET
    assert body.endswith(
        "\n\nLeft out, because a comment can only be so long: For programs; How training went; "
        "Curves: inside the baseline's band all the way; What was changed: 2,000 settings.\n"
    )
    assert "```mermaid" not in body
    assert "<summary>Every seed</summary>" in body
    many = tuple(replace(UNDECIDED.runs[0], seed=seed) for seed in range(3000))
    longer = render(replace(UNDECIDED, runs=many))
    assert len(longer) <= BUDGET
    assert "<summary>" not in longer
    assert longer.startswith("### 🟨 UNDECIDED")


def test_what_cannot_be_folded_is_cut() -> None:
    body = render(replace(EXAMPLES["stale"], report="x" * 2 * BUDGET))
    assert len(body) <= BUDGET
    assert body.endswith("x…\n")


def test_a_guard_that_did_not_move_is_the_same() -> None:
    still = Sample((64_740.0, 64_740.0, 64_740.0))
    none = Interval(0, 0, 0, 0.025)
    row = replace(WIN.rows[1], baseline=still, candidate=still, interval=none)
    shown = render(replace(WIN, rows=(WIN.rows[0], row))).replace(NO_BREAK, " ")
    assert "| the same, limit +0.15 ✅ holds | 64,740 ± 0 | 64,740 ± 0 |" in shown
