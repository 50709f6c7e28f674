"""The files through which a step talks back: outputs, variables, PATH and summary."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.actions.workflows import WorkflowError


@dataclass(frozen=True)
class CommandFiles:
    """One fresh file per purpose, for one step."""

    output: Path
    env: Path
    path: Path
    step_summary: Path

    @classmethod
    def make(cls, folder: Path) -> "CommandFiles":
        """Create the empty files in a folder of their own below `folder`."""
        own = Path(tempfile.mkdtemp(prefix="_commands_", dir=folder))
        files = cls(own / "output", own / "env", own / "path", own / "summary")
        for file in (files.output, files.env, files.path, files.step_summary):
            file.touch()
        return files

    def variables(self) -> dict[str, str]:
        """How the step's process learns of the files."""
        return {
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_ENV": str(self.env),
            "GITHUB_PATH": str(self.path),
            "GITHUB_STEP_SUMMARY": str(self.step_summary),
        }


def parse(text: str) -> dict[str, str]:
    """Read `name=value` lines and `name<<DELIMITER` blocks.

    Raises:
        WorkflowError: a line is neither, or a block is never closed.
    """
    values = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, equals, value = line.partition("=")
        block, arrows, delimiter = line.partition("<<")
        if arrows and len(block) < len(name):
            inside = []
            for inner in lines:
                if inner == delimiter:
                    break
                inside.append(inner)
            else:
                raise WorkflowError(f"`{block}` is never closed: `{delimiter}` is missing")
            values[block] = "\n".join(inside)
        elif equals:
            values[name] = value
        elif line:
            raise WorkflowError(f"neither `name=value` nor `name<<DELIMITER`: {line}")
    return values
