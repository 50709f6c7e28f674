"""A model that writes what it was told to write."""

from dataclasses import dataclass, field

from bot.core.cost import Tokens
from bot.ports import Workspace, Written


@dataclass
class FakeWriter:
    """A model that writes one file, or fails."""

    path: str = "model.py"
    text: str = "layers = 3\n"
    error: Exception | None = None
    tokens: Tokens = field(default_factory=Tokens)

    def write(self, system: str, task: str, workspace: Workspace) -> Written:
        assert system
        assert task
        if self.error:
            raise self.error
        workspace.write(self.path, self.text)
        self.tokens += Tokens(input=100, cached=700, stored=100, output=80)
        return Written("One layer more.", 2)
