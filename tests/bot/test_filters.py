"""What somebody else wrote may say anything and do nothing, by itself and in every reply."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace

import pytest

from bot.comments import (
    cell,
    code,
    fenced,
    harmless,
    link,
    plain,
    quote,
    remark,
    render,
    text,
)
from tests.bot.examples import EXAMPLES
from tests.bot.markdown import check_tables, without_fences

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
    seen = without_fences(body)
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
        ("loss :white_check_mark: won", "loss :\u200bwhite_check_mark: won"),
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


@pytest.mark.parametrize("shown", [fenced, quote, harmless, text, code, plain])
def test_a_secret_in_colours_is_taken_out(shown: Callable[[str], str]) -> None:
    body = shown("api_key=\x1b[32m'a1B2c3D4e5F6g7H8'\x1b[0m and ghp_\u200ba1B2\x1b[1m" + "a1B2" * 9)
    assert "a1B2" not in body


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
