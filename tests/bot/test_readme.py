"""What the README shows is what the program has."""

import os
import re
from pathlib import Path

from bot import config, grammar

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"(<!-- commands: .* -->\n).*?(<!-- commands end -->)", re.DOTALL)


def test_command_table_of_the_readme_is_the_programs() -> None:
    path = ROOT / "README.md"
    text = path.read_text(encoding="utf-8")
    made = BLOCK.sub(lambda found: f"{found[1]}{grammar.table()}\n{found[2]}", text)
    if os.environ.get("REWRITE_SNAPSHOTS"):
        path.write_text(made, encoding="utf-8")
    assert BLOCK.search(text)
    assert path.read_text(encoding="utf-8") == made


def test_configuration_of_this_repository_is_valid() -> None:
    text = (ROOT / config.PATH).read_text(encoding="utf-8")
    assert config.parse(text).train.config == "trainer/conf/config.yaml"


def test_rooms_of_the_map_are_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| room |") :].split("\n\n")[0]
    named = re.findall(r"`([\w/.]+)`", "\n".join(row.split("|")[1] for row in table.splitlines()))
    for name in named:
        assert any((root / name).exists() for root in (ROOT, ROOT / "bot")), name
