"""Beside other bots commands begin with more than a slash, and so do those that the bot names."""

import re
from pathlib import Path

import pytest

from bot import grammar
from bot.commands import ALIASES, COMMANDS, Command
from tests.bot.scene import Scene

SAID = re.compile(r"`(/[^`\n]*)`")
FIRST = re.compile(r"/(?:lab[ -])?([a-z-]+)")


@pytest.mark.parametrize("prefix", ["/lab ", "/lab-"])
def test_every_command_that_the_bot_names_can_be_pasted(tmp_path: Path, prefix: str) -> None:
    scene = Scene(tmp_path)
    scene.configure(commands={"prefix": prefix})
    issue = scene.forge.add_issue("Measure the baseline")
    scene.writes("ada", issue, f"{prefix}launch")
    scene.writes("ada", issue, f"{prefix}baseline seeds=6")
    scene.rings()
    for settings in ("lr=0.02", "lr=9", "model.width=1", "_No response_"):
        pull = scene.experiment("Another one", settings)
        scene.writes("ada", pull, "/launch")
        for body in ("lunch", "launch seeds=many", "help", "help launch", "fix", "launch", "merge"):
            scene.writes("ada", pull, f"{prefix}{body}")
            scene.rings()
        scene.labels("linus", scene.idea("Mine"))
    bodies = [c.body for c in scene.forge.comments] + [*scene.forge.bodies.values()]
    named = [code for body in bodies for code in SAID.findall(body)]
    ours = [code for code in named if (found := FIRST.match(code)) and _is_ours(found[1])]
    assert len(ours) > 40
    assert [code for code in ours if not code.startswith(prefix)] == []
    whole = [code for code in ours if not re.search(r"…|<|\[\w", code)]
    assert [code for code in whole if not isinstance(grammar.parse(code, prefix), Command)] == []


def _is_ours(name: str) -> bool:
    return name in COMMANDS or name in ALIASES
