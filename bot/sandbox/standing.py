"""The sandbox on its own: started, kept up until Ctrl-C, with its addresses and tokens printed."""

import tempfile
import threading
from pathlib import Path

from bot.sandbox.demo.plot import SCRIPT
from bot.sandbox.demo.stage import REPOSITORY, agents, stage


def main() -> int:
    """Serve GitHub, W&B and Claude, run Actions and two agents, until Ctrl-C."""
    with (
        tempfile.TemporaryDirectory(prefix="labhand-sandbox-") as root,
        stage(Path(root), SCRIPT) as at,
        agents(at),
    ):
        print(f"GitHub  {at.github.url}  repository {REPOSITORY}")
        for login, person in at.people.items():
            print(f"        {login:8} {person.token}")
        print(f"W&B     {at.wandb.url}  key {at.wandb.api_key}")
        print(f"Claude  {at.claude.url}  key {at.claude.api_key}")
        print("Ctrl-C ends it.", flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()
    return 0
