"""The demonstration itself: the whole story, as `make demo` plays it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.sandbox.record import VARIABLE

ROOT = Path(__file__).parents[2]
PASSED = {"PATH", VARIABLE}


@pytest.mark.alone
@pytest.mark.timeout(1500)
def test_every_step_of_the_story_happens(tmp_path: Path) -> None:
    played = subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)}
        | {name: os.environ[name] for name in PASSED & os.environ.keys()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    transcript = (tmp_path / "demo/transcript.md").read_text(encoding="utf-8")
    for words in ("### ✅ WIN", "### 🟥 LOSS", "### 🟥 FAILED", "Release baseline-v2"):
        assert words in transcript
