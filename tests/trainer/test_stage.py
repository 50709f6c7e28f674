"""Data as artifacts: pushed once however often, pulled as they were."""

from pathlib import Path

import pytest

from trainer.__main__ import main
from trainer.health import Stop
from trainer.job import run
from trainer.stage import push
from trainer.track import Tracker


def test_what_is_pushed_twice_is_one_version_and_comes_back(start, tmp_path: Path, wandb_server):
    (tmp_path / "pictures" / "cats").mkdir(parents=True)
    (tmp_path / "pictures" / "cats" / "tom.png").write_bytes(b"a cat")
    online = {"WANDB_BASE_URL": wandb_server.url, "WANDB_API_KEY": wandb_server.api_key}
    pushing = ("data", "push", "folder=pictures", "name=pets")
    for words in (pushing, pushing, ("data", "pull", "name=pets:latest")):
        process = start(*words, **online)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    place = tmp_path / out.splitlines()[-1]
    assert place.name == "pets:v0"
    assert (place / "cats" / "tom.png").read_bytes() == b"a cat"


def test_a_folder_that_is_not_there_is_a_failure_of_the_data(fake_run):
    assert run(["folder=nowhere", "name=pets"], Tracker(fake_run), Stop(), push) == 3
    assert fake_run.summary["failure/message"] == "there is no folder nowhere"


@pytest.mark.parametrize("words", [(), ("fetch",)])
def test_it_must_be_push_or_pull(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]):
    assert main(["data", *words]) == 2
    assert "data push folder=FOLDER" in capsys.readouterr().err
