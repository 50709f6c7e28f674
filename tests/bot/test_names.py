"""Metrics may have any name that a person gives: what a report makes of it."""

import json
import re
from dataclasses import replace

import pytest

from bot.comments import headline, render
from bot.core.quoting import BREAK
from tests.bot.examples.report import WIN
from tests.bot.markdown import check_tables

NAMES = {
    "val/dice": "val/dice",
    "val/größe_µm": "val/größe_µm",
    "val/精度": "val/精度",
    "🚀 speed": "🚀 speed",
    "acc|top1": "acc&#124;top1",
    "a`b": "a&#96;b",
    "<b>bold</b>": f"&#60;{BREAK}b&#62;bold&#60;{BREAK}/b&#62;",
    "loss [nat] (mean)": "loss &#91;nat&#93; (mean)",
    "__init__": "&#95;&#95;init&#95;&#95;",
    'say "hi"; %% }': 'say "hi"; %% }',
    "two\nlines": "two lines",
    "end\u202ecba": "endcba",
    "@octocat #12": f"@{BREAK}octocat #{BREAK}12",
    "val/" + "very_" * 39 + "x": "val/very_very_very_very&#95;…y_very_very_very_very_x",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_report_shows_any_name_and_stays_whole(name: str) -> None:
    guard = replace(WIN.rows[1], name=f"guard {name}")
    settings = {name: ("none", name), f"{name}.x": (name, "")}
    body = render(replace(WIN, rows=(replace(WIN.rows[0], name=name), guard), settings=settings))
    first = body.split("\n", 1)[0]
    assert first == f"### ✅ WIN · {NAMES[name]} +0.0060 (+0.0042 to +0.0078)"
    assert body.count("<details>") == body.count("</details>") == 7
    check_tables(body)
    data = json.loads(body.rpartition("```json\n")[2].partition("\n```")[0])
    found = [metric["name"] for metric in data["metrics"]]
    assert found == [name.replace("\u202e", ""), f"guard {name}".replace("\u202e", "")]


@pytest.mark.parametrize("name", NAMES)
def test_a_chart_of_any_name_holds_nothing_that_mermaid_would_obey(name: str) -> None:
    body = render(replace(WIN, rows=(replace(WIN.rows[0], name=name), *WIN.rows[1:])))
    chart = body.partition("```mermaid\n")[2].partition("\n```")[0].split("\n")
    (axis,) = [line for line in chart if line.startswith("  y-axis ")]
    assert re.fullmatch(r'  y-axis "[\w ./()+,=-]{1,32}" [\d.]+ --> [\d.]+', axis)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_line_can_be_read_where_there_is_no_markdown(name: str) -> None:
    body = render(replace(WIN, rows=(replace(WIN.rows[0], name=name), *WIN.rows[1:])))
    shown = " ".join(name.replace("\u202e", "").split())
    shown = shown if len(shown) <= 48 else f"{shown[:24]}…{shown[-23:]}"
    plain = re.sub(r"[`*]", "", f"✅ WIN · {shown} +0.0060 (+0.0042 to +0.0078)")
    assert headline(body) == plain
