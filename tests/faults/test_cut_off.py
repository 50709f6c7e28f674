"""A job that is killed behind any single write, and a ring later: the same end as undisturbed."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.book import CONTENTS
from bot.events import Rang
from tests.bot.scene import Scene
from tests.fakes import FakeForge

Act = Callable[[Scene, int], object]


def launch(scene: Scene, pull: int) -> None:
    """The maintainer launches."""
    scene.writes("ada", pull, "/launch", 900)


def merge(scene: Scene, pull: int) -> None:
    """The maintainer merges what won."""
    scene.writes("ada", pull, "/merge", 901)


def ring(scene: Scene, pull: int) -> None:
    """Runs have ended, W&B rings."""
    del pull
    scene.rings()


def fix(scene: Scene, pull: int) -> None:
    """The maintainer takes the suggestion."""
    scene.writes("ada", pull, "/fix", 902)


def pick(scene: Scene, pull: int) -> None:
    """Another idea is labelled."""
    del pull
    place = scene.idea("Wider", settings="model.width=65")
    scene.labels("ada", place)


def baseline(scene: Scene, pull: int) -> None:
    """The default branch moved, and is measured anew."""
    del pull
    scene.forge.push("main", {"model.py": "layers = 5\n"})
    scene.writes("ada", scene.forge.add_issue("Measure anew"), "/baseline", 903)


def cautious(scene: Scene, pull: int) -> None:
    """One seed goes alone from here on."""
    del pull
    seeds = scene.world.config.seeds.model_copy(update={"canary": 1})
    config = scene.world.config.model_copy(update={"seeds": seeds})
    scene.world = replace(scene.world, config=config)


def train(scene: Scene, pull: int) -> None:
    """What waits is being trained, and goes on for ever."""
    del pull
    scene.tracker.begin(**{"val/acc": 0.5})
    scene.tracker.training.clear()
    scene.run(Rang("schedule"))


def diverge(scene: Scene, pull: int) -> None:
    """One run turns to NaN; the schedule rings until that is told."""
    del pull
    name = next(n for n, run in scene.tracker.runs.items() if run.state == "running")
    run = scene.tracker.runs[name]
    scene.tracker.runs[name] = replace(run, summary={"val/acc": "NaN"})
    scene.run(Rang("schedule"))


def close(scene: Scene, pull: int) -> None:
    """Somebody closes the PR."""
    scene.forge.pulls[pull] = replace(scene.forge.pull(pull), is_open=False)
    scene.run(Rang("schedule"))


def again(scene: Scene, pull: int) -> None:
    """The maintainer launches what failed."""
    scene.writes("ada", pull, "/launch only=failed", 904)


def begin(scene: Scene, pull: int) -> None:
    """What waits is being trained, and goes on for ever without a word."""
    del pull
    scene.tracker.begin()
    scene.tracker.training.clear()


def newer(scene: Scene, pull: int) -> None:
    """The maintainer pushes another commit, and launches that."""
    scene.forge.push(scene.forge.pull(pull).branch, {"model.py": "layers = 9\n"})
    scene.writes("ada", pull, "/launch", 905)


STORIES: dict[str, tuple[str, tuple[Act, ...]]] = {
    "launch": ("lr=0.02", (launch,)),
    "report": ("lr=0.02", (launch, ring)),
    "merge": ("lr=0.02", (launch, ring, merge)),
    "confirm, merge and release": ("lr=0.02", (launch, ring, merge, ring)),
    "failure": ("lr=9", (launch, ring)),
    "fix": ("lr=9", (launch, ring, fix)),
    "canary": ("lr=0.02", (cautious, launch)),
    "canary has validated": ("lr=0.02", (cautious, launch, train)),
    "others follow and end": ("lr=0.02", (cautious, launch, ring, ring)),
    "canary fails": ("lr=9", (cautious, launch, ring)),
    "only what failed": ("lr=9", (cautious, launch, ring, again)),
    "one diverges": ("lr=0.02", (cautious, launch, train, train, diverge)),
    "a newer commit": ("lr=0.02", (cautious, launch, begin, newer)),
    "PR is closed": ("lr=0.02", (launch, train, close)),
    "pick": ("lr=0.02", (pick,)),
    "baseline": ("lr=0.02", (baseline,)),
    "release of a baseline": ("lr=0.02", (launch, ring, baseline, ring)),
}


def began(folder: Path, settings: str) -> tuple[Scene, int]:
    """A repository with a baseline and one PR, and another that is measured already."""
    scene = Scene.measured(folder)
    other = scene.experiment("Narrow", "model.width=1")
    scene.writes("ada", other, "/launch", 800)
    scene.rings()
    return scene, scene.experiment("Learning rate", settings)


def state(scene: Scene) -> dict[str, Any]:
    """Everything that people and the next job can see."""
    forge = scene.forge
    return {
        "comments": sorted((c.place, c.key, c.body, c.minimized) for c in forge.comments),
        "book": {p: _timeless(text) for p, text in forge.book.items() if p != CONTENTS},
        "releases": forge.releases,
        "branches": {name: forge.tree(sha) for name, sha in _code(forge)},
        "pulls": {n: (p.is_open, p.is_draft, bool(p.merge_commit)) for n, p in forge.pulls.items()},
        "runs": sorted(scene.tracker.runs),
        "queued": sorted({launch.run_id for _, launch in scene.tracker.queue}),
    }


def _code(forge: FakeForge) -> list[tuple[str, str]]:
    return [(name, sha) for name, sha in forge.branches.items() if name != "labbook"]


def _timeless(text: str) -> Any:
    try:
        data = json.loads(text)
    except ValueError:
        return text
    data.pop("check", None)  # over what differs
    for attempt in data.get("attempts", ()):
        attempt.pop("asked_at")
        attempt.pop("pushed_at", None)
        for run in attempt["runs"]:
            run.pop("item", None)  # a push that is done again makes another one
    return data


@pytest.mark.parametrize("story", STORIES)
def test_cut_off_behind_each_write(story: str, tmp_path: Path) -> None:
    settings, acts = STORIES[story]

    def played(cut_after: int | None) -> tuple[Scene, int]:
        scene, pull = began(tmp_path, settings)
        for act in acts[:-1]:
            act(scene, pull)
        scene.forge.scissors.mend(after=cut_after)
        acts[-1](scene, pull)
        writes = scene.forge.scissors.writes
        scene.forge.scissors.mend()
        for _ in range(3):  # a canary goes, it ends and the others go, they end
            scene.rings()
        return scene, writes

    undisturbed, writes = played(None)
    wanted = _without_workflow_links(state(undisturbed))
    assert writes > 3
    for cut_after in range(1, writes + 1):
        scene, _ = played(cut_after)
        assert _without_workflow_links(state(scene)) == wanted, f"cut behind write {cut_after}"


def _without_workflow_links(seen: dict[str, Any]) -> str:
    """Which job wrote a comment, and in which order, may differ; everything else may not."""
    text = json.dumps(seen, sort_keys=True, indent=1, default=str)
    return re.sub(r"(actions/runs/|(?:report|progress)_id\": )\d+", r"\1N", text)
