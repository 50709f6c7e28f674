"""What the README and the pages beside it show is what the program has."""

import re
from pathlib import Path

import pytest

from bot import config, grammar
from bot.__main__ import VERBS, WITH_OPTIONS
from bot.commands import COMMANDS, Command
from bot.comments import render
from bot.handlers.help import explain
from tests.approved import check_part
from tests.bot.scene import Scene
from tests.faults.plans import ALL

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(<!-- commands: .* -->\n).*?(<!-- commands end -->)", re.DOTALL)
PLANS = re.compile(r"()\d+( seeded plans)")
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]*))?\)")
TITLE = re.compile(r"^#+ (.*)$", re.MULTILINE)
COMMAND = re.compile(r"`(/[a-z][^`\n]*[^`\s])`")
FILE = re.compile(r"`((?:bot|tests|templates|docs|trainer)/[\w/.-]*(?:\.\w+|/))`")
VERB = re.compile(r"python -m bot ([a-z]+)")
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def test_command_table_of_the_readme_is_the_programs() -> None:
    check_part(ROOT / "README.md", BLOCK, f"{grammar.table()}\n")


def test_number_of_fault_plans_in_the_readme_is_theirs() -> None:
    check_part(ROOT / "README.md", PLANS, str(ALL))


def test_page_of_commands_says_what_help_answers(tmp_path: Path) -> None:
    world = Scene(tmp_path).world
    sections = (
        f"## `/{name}`\n\n{render(explain(world, Command('help', words=(name,)))).strip()}\n"
        for name in COMMANDS
    )
    check_part(ROOT / "docs" / "commands.md", BLOCK, "\n".join(sections) + "\n")


def test_configuration_of_this_repository_is_valid() -> None:
    text = (ROOT / config.PATH).read_text(encoding="utf-8")
    assert config.parse(text).train.config == "trainer/conf/config.yaml"


def test_rooms_of_the_map_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| room |") :].split("\n\n")[0]
    named = re.findall(r"`([\w/.]+)`", "\n".join(row.split("|")[1] for row in table.splitlines()))
    for name in named:
        assert any((root / name).exists() for root in (ROOT, ROOT / "bot")), name


def test_rooms_of_the_bot_stand_on_the_map() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| room |") :].split("\n\n")[0]
    for room in (ROOT / "bot").iterdir():
        if room.suffix in ("", ".py") and not room.name.startswith("__"):
            assert room.name in table, room.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / link if link else page
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), f"{link}#{anchor}"


def _anchors(page: Path) -> set[str]:
    """The titles of a page as GitHub makes addresses of them."""
    titles = TITLE.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_can_be_written(page: Path) -> None:
    for line in COMMAND.findall(page.read_text(encoding="utf-8")):
        prefix = "/lab " if line.startswith("/lab ") else "/"
        if not re.search(r"[…<]|\[\w+\]$", line):
            found = grammar.parse(line, prefix)
            assert isinstance(found, Command) or "` needs `" in str(found), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_that_are_named_are_there(page: Path) -> None:
    targets = TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    for name in re.findall(
        r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE
    ):
        assert name in targets, name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_are_there(page: Path) -> None:
    for name in FILE.findall(page.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_verbs_that_are_named_are_there(page: Path) -> None:
    for verb in VERB.findall(page.read_text(encoding="utf-8")):
        assert verb in {**VERBS, **WITH_OPTIONS}, verb
