import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import get_args

import pytest
from jinja2 import UndefinedError

from bot import grammar
from bot.commands import Command
from bot.comments import (
    BUDGET,
    TEMPLATES,
    cell,
    code,
    fenced,
    harmless,
    link,
    plain,
    prompt,
    quote,
    remark,
    render,
    text,
)
from bot.core.interval import Interval, Sample
from bot.core.numbers import NO_BREAK
from bot.replies import Reply
from tests.bot.examples import ALL_FAILED, EXAMPLES, FAILED, LOSS, UNDECIDED, WIN, primary, report
from tests.bot.snapshots import FOLDER, approved

MARKDOWN = {name: reply for name, reply in EXAMPLES.items() if name != "merge_message"}
ANSWER = re.compile(r"report|failure|ready|not_conf|merged$|released")
ANSWERS = [name for name in EXAMPLES if ANSWER.match(name)]


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_reply_reads_as_a_person_has_approved(name: str) -> None:
    body = render(EXAMPLES[name])
    assert body == approved(name, body)


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


def check_tables(body: str) -> None:
    folds = 0
    width = 0
    for line in _without_fences(body).split("\n"):
        folds += line.count("<details>") - line.count("</details>")
        columns = len(re.findall(r"(?<!\\)\|", line)) - 1 if line.startswith("|") else 0
        assert columns == width or not (columns and width), line
        assert folds or columns <= 4, line
        width = columns
    assert folds == 0


def _without_fences(body: str) -> str:
    return re.sub(r"^(`{3,})\w*\n.*?\n\1$", "", body, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize(
    "name",
    ["report_win", "report_undecided", "report_loss", "release_notes", "not_confirmed", "merged"],
)
def test_no_difference_stands_without_its_interval(name: str) -> None:
    body = _without_fences(render(EXAMPLES[name])).replace("**", "")
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
    body = render(replace(EXAMPLES["stale"], report=render(UNDECIDED)))
    assert "to go on" not in body
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


# What somebody else wrote may say anything and do nothing.

HOSTILE = (
    "x`|| ``` <b>@evil</b> <!-- labhand:report --> fixes #2 \x1b[31m\n### WIN\n| a | b |\n"
    "</details> <details> [a](javascript:1) ![i](http://x) $x$ ~~~ token ghp_" + "a1B2" * 9
)
UNTRUSTED = {
    "title", "metric", "name", "message", "kind", "why", "suggestion", "last_lines", "branch",
    "expected", "written", "hypothesis", "change", "risks", "settings", "files", "asked_by",
    "model", "reason", "environment", "summary", "text", "overrides", "merged_by", "open_pulls",
    "guards", "history", "queue",
}  # fmt: skip


def poisoned(value: object, *, hot: bool = False) -> object:
    """Put the hostile text wherever a reply holds words of somebody else."""
    if is_dataclass(value) and not isinstance(value, type):
        changes = {
            f.name: poisoned(getattr(value, f.name), hot=f.name in UNTRUSTED) for f in fields(value)
        }
        return replace(value, **changes)
    if isinstance(value, str):
        return HOSTILE + value if hot and value else value
    if isinstance(value, tuple):
        return tuple(poisoned(item, hot=hot) for item in value)
    if isinstance(value, Mapping):
        return {poisoned(k, hot=hot): poisoned(v, hot=hot) for k, v in value.items()}
    return value


@pytest.mark.parametrize("name", EXAMPLES)
def test_hostile_text_does_nothing(name: str) -> None:
    body = render(poisoned(EXAMPLES[name]))
    assert "ghp_" not in body
    assert "<!--" not in body
    assert "\x1b" not in body
    seen = _without_fences(body)
    if name not in ("problem", "noted", "merge_message", "nothing_written"):
        seen = re.sub(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", "code", seen)
        assert not re.search(r"^\| a \| b \|", seen, re.MULTILINE)
    assert "@evil" not in seen
    assert "<b>" not in seen
    assert "fixes #2" not in seen or name in ("problem", "noted", "nothing_written")
    assert seen.count("<details>") == seen.count("</details>")
    if name not in ("help", "stale", "problem", "noted", "nothing_written"):
        assert not re.search(r"^### WIN", seen, re.MULTILINE)
        check_tables(body)


def test_a_merge_message_keeps_its_trailers_to_itself() -> None:
    reply = replace(EXAMPLES["merge_message"], summary="Good.\n\nLabhand-Verdict: WIN by far")
    body = render(reply)
    assert len(body.split("\n\n")) == 3
    assert re.findall(r"^Labhand-Verdict: (.*)$", body.split("\n\n")[2], re.MULTILINE) == [
        "WIN val/dice +0.0060 [+0.0042, +0.0078] vs baseline-v6, seeds 1-5"
    ]
    assert "−" not in body


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("val/acc_top1", "val/acc_top1"),
        ("two\n lines\t here", "two lines here"),
        ("*a* __b__ [c](d)", "&#42;a&#42; &#95;&#95;b&#95;&#95; &#91;c&#93;(d)"),
        ("<i> & a|b", "&#60;\u200bi&#62; &#38; a&#124;b"),
        ("@octocat", "@\u200boctocat"),
        ("see #12 or GH-12", "see #\u200b12 or GH\u200b-12"),
        ("# Title", "&#35; Title"),
        ("12. first", "12&#46; first"),
        ("- item", "&#45; item"),
        ("https://x.org www.x.org", "https:\u200b//x.org www\u200b.x.org"),
        ("a\u202eb\ud800c", "abc"),
        ("lr 0.1", "lr 0.1"),
    ],
)
def test_text_says_what_it_says(given: str, shown: str) -> None:
    assert text(given) == shown


def test_text_is_short() -> None:
    assert text("word " * 100, limit=10) == "word word…"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("lr=0.1", "`lr=0.1`"),
        ("", "none"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("a\nb", "`a b`"),
    ],
)
def test_code_cannot_be_left(given: str, shown: str) -> None:
    assert code(given) == shown


def test_a_bar_in_code_does_not_end_a_cell() -> None:
    assert cell(code("a|b")) == "`a\\|b`"


def test_a_fence_is_longer_than_what_is_in_it() -> None:
    assert fenced("a\n````\nb") == "`````text\na\n````\nb\n`````"


def test_of_a_progress_bar_the_last_state_is_kept() -> None:
    assert fenced("10%\r50%\r100%\r\n\x1b[1mdone\x1b[0m\x07") == "```text\n100%\ndone \n```"


def test_the_end_of_a_log_is_kept() -> None:
    block = fenced("\n".join(f"line {i}" for i in range(1000)), limit=30)
    assert block == "```text\n…\nline 997\nline 998\nline 999\n```"


def test_a_secret_over_several_lines_is_taken_out_of_a_block() -> None:
    key = "-----BEGIN PRIVATE KEY-----\nabc\ndef\n-----END PRIVATE KEY-----"
    assert fenced(f"a\n{key}\nb") == "```text\na\n[private key removed]\nb\n```"


def test_a_quotation_keeps_its_form() -> None:
    assert quote("**a**\n\n- b @c") == "> **a**\n>\n> - b @\u200bc"


@pytest.mark.parametrize("word", ["closes", "Fixed", "resolve"])
def test_a_quotation_closes_nothing(word: str) -> None:
    assert f"{word} " not in quote(f"{word} https://github.com/acme/retina/issues/2")


def test_our_own_markdown_stays_but_for_mentions() -> None:
    assert harmless("`/launch` #3 **now**, @a") == "`/launch` #3 **now**, @\u200ba"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("training diverged: a smaller one", "Training diverged: a smaller one."),
        ("train.lr is too high.", "train.lr is too high."),
        ("Why <b>not</b>?", "Why &#60;\u200bb&#62;not&#60;\u200b/b&#62;?"),
    ],
)
def test_a_remark_is_a_sentence(given: str, shown: str) -> None:
    assert remark(given) == shown


def test_plain_text_keeps_references() -> None:
    assert plain("EMA (#47)\nby @a") == "EMA (#47) by @\u200ba"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://x.org/a b)(", "[x](https://x.org/a%20b%29%28)"),
        ("javascript:alert(1)", "x"),
        ("", "x"),
    ],
)
def test_a_link_goes_where_a_browser_goes(url: str, shown: str) -> None:
    assert link("x", url) == shown


def test_a_guard_that_did_not_move_is_the_same() -> None:
    still = Sample((64_740.0, 64_740.0, 64_740.0))
    none = Interval(0, 0, 0, 0.025)
    row = replace(WIN.rows[1], baseline=still, candidate=still, interval=none)
    shown = render(replace(WIN, rows=(WIN.rows[0], row))).replace(NO_BREAK, " ")
    assert "| the same, limit +0.15 ✅ holds | 64,740 ± 0 | 64,740 ± 0 |" in shown
