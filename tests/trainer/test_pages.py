"""What docs/trainer.md shows is what the program has."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.approved import check_part
from trainer.__main__ import VERBS
from trainer.health import EXITS

PAGE = Path(__file__).parents[2] / "docs" / "trainer.md"


def verbs() -> Iterator[str]:
    yield "| verb | takes | does |\n|:--|:--|:--|"
    for name, verb in VERBS.items():
        takes = verb.takes.replace("|", "\\|")
        yield f"| `{name}` | {f'`{takes}`' if takes else ''} | {verb.does} |"


def exits() -> Iterator[str]:
    yield "| code | `run/status` | meaning | what to do |\n|--:|:--|:--|:--|"
    for way in EXITS:
        status = f"`{way.status}`" if way.status else ""
        yield f"| {way.code} | {status} | {way.meaning} | {way.advice} |"


@pytest.mark.parametrize("table", [verbs, exits])
def test_its_tables_are_the_programs(table):
    block = re.compile(
        rf"(<!-- {table.__name__}: .* -->\n).*?(<!-- {table.__name__} end -->)", re.S
    )
    check_part(PAGE, block, "".join(f"{row}\n" for row in table()))


@pytest.mark.parametrize("name", ["trainer.md", "contract.md"])
def test_every_link_leads_somewhere(name: str):
    page = PAGE.with_name(name)
    links = re.findall(r"\]\(([\w./-]+)\)", page.read_text(encoding="utf-8"))
    assert links
    assert [link for link in links if not (page.parent / link).exists()] == []
