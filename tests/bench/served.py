"""A server in a process of its own: a GitHub without limits, or a bare route beside it.

`python -m tests.bench.served github|bare` prints its address as JSON and ends with its input.
"""

import json
import sys
import tempfile
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.sandbox.github import GitHub, Limits
from bot.sandbox.serve import reserve, serve

REPOSITORY = "acme/digits"
FILES = {"README.md": "# Digits\n" * 20, "conf/train.yaml": "lr: 0.1\n", "src/model.py": "W = 4\n"}


def github(root: Path) -> None:
    """Serve a GitHub with one repository and one person, who may do everything."""
    for name, text in FILES.items():
        (root / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "files" / name).write_text(text)
    bound, url = reserve()
    site = GitHub(url, root / "github", limits=Limits().times(1000))
    token = site.add_user("ada")
    site.add_repository(REPOSITORY, source=root / "files")
    site.set_role(REPOSITORY, "ada", "admin")
    with serve(site.app, bound):
        _wait(url, token)
    site.close()


def bare() -> None:
    """Serve one route that answers with a thing of an issue's size."""
    thing = {f"field_{number}": f"value {number}" * 4 for number in range(60)}

    async def answer(_: Request) -> Response:
        return JSONResponse(thing)

    bound, url = reserve()
    with serve(Starlette(routes=[Route("/thing", answer)]), bound):
        _wait(url, "none")


def _wait(url: str, token: str) -> None:
    print(json.dumps({"url": url, "token": token}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == "github":
        with tempfile.TemporaryDirectory(prefix="labhand-bench-") as folder:
            github(Path(folder))
    else:
        bare()
