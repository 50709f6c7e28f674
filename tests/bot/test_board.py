"""`/compare`, `/results`, `bot results` and the leaderboard."""

import csv
import io
import json
from contextlib import suppress
from dataclasses import replace

import pytest

from bot.core.attempt import Gain
from bot.core.board import Ranked, history, ranked
from bot.core.results import as_csv, as_json
from bot.core.runs import ObservedRun
from bot.errors import UserError
from bot.events import Rang
from bot.handlers.results import figures, last_report, records
from bot.handlers.setup import setup
from bot.sections import Reports
from tests.bot.scene import Scene
from tests.fakes import Cut, FakeRun


def _launched(scene: Scene, title: str, settings: str) -> int:
    pull = scene.experiment(title, settings)
    scene.writes("ada", pull, "/launch")
    return pull


def test_two_experiments_and_their_baseline_are_compared(scene: Scene) -> None:
    better, worse = _launched(scene, "Faster", "lr=0.02"), _launched(scene, "Thin", "model.width=1")
    scene.rings()
    scene.writes("grace", better, f"/compare #{better} #{worse}")
    assert scene.last(better).body.startswith("**Too few seeds to be sure who is ahead on val/acc")
    for pull in (better, worse):
        scene.writes("ada", pull, "/launch seeds=6")
    scene.rings()
    before = scene.forge.read_ledger()
    scene.writes("grace", better, f"/compare #{worse} {better} baseline-v1")
    body = scene.last(better).body
    assert body.startswith(f"**On val/acc: #{better} is ahead of baseline-v1 and #{worse};")
    assert "This is no verdict" in body
    assert scene.forge.read_ledger() == before
    assert not scene.tracker.queue


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/compare #{pull}", "needs `B`"),
        ("/compare #{pull} #{pull}", "are the same runs"),
        ("/compare {pull} #{pull}", "are the same runs"),
        ("/compare main baseline-v1", "are the same runs"),
        ("/compare #{pull} #99", "Nothing was launched for #99"),
        ("/compare #{pull} nothing/here", "`nothing/here` is not known here"),
    ],
)
def test_what_cannot_be_compared_is_said(scene: Scene, typed: str, told: str) -> None:
    pull = _launched(scene, "Faster", "lr=0.02")
    scene.rings()
    scene.writes("grace", pull, typed.format(pull=pull))
    assert told.format(pull=pull) in scene.last(pull).body


@pytest.mark.parametrize("typed", ["/compare #{pull} main", "/results", "/results {pull}"])
def test_what_has_not_finished_has_no_figures(scene: Scene, typed: str) -> None:
    pull = _launched(scene, "Faster", "lr=0.02")
    scene.writes("grace", pull, typed.format(pull=pull))
    assert f"No run of #{pull} has finished yet" in scene.last(pull).body


def test_a_run_that_somebody_started_by_hand_is_one_arm(scene: Scene) -> None:
    place = scene.forge.add_issue("Which is better?")
    summary = {"val/acc": 0.93, "train/minutes": 1.0}
    scene.tracker.results["mine"] = FakeRun("finished", {"val/acc": 0.93})
    scene.tracker.runs["mine"] = ObservedRun("mine", "running", None, summary, {"seed": 4})
    scene.writes("grace", place, "/compare mine main")
    assert "The run `mine` is running" in scene.last(place).body
    scene.tracker.runs["mine"] = ObservedRun("mine", "finished", None, summary, {"seed": 4})
    scene.writes("grace", place, "/compare mine main")
    assert scene.last(place).body.startswith(
        "**One run is not enough to tell them apart on val/acc"
    )


def test_results_show_no_interval_before_the_report(scene: Scene) -> None:
    pull = _launched(scene, "Faster", "lr=0.02")
    scene.tracker.queue, rest = scene.tracker.queue[:2], scene.tracker.queue[2:]
    scene.rings()
    scene.writes("grace", pull, "/results")
    early = scene.last(pull).body
    assert "over 2 of 3 seeds; no verdict yet.**" in early
    assert "No interval" in early
    scene.tracker.queue = rest
    scene.rings()
    scene.writes("grace", pull, "/results")
    late = scene.last(pull).body
    assert "over 3 seeds, [WIN](https://hub/acme/digits/issues/" in late
    assert "difference (interval)" in late
    report = next(c.body for c in scene.forge.said_at(pull) if c.key == "report:1")
    interval = report.split("\n")[0].split("val/acc ")[1]
    assert interval in late.replace("**", "")


def test_results_of_a_baseline_and_of_one_run(scene: Scene) -> None:
    assert "over 6 seeds" in _headline(scene, "baseline-v1")
    assert "over 6 seeds" in _headline(scene, "main")
    pull = _launched(scene, "Faster", "lr=0.02")
    scene.rings()
    assert "over 3 seeds" in _headline(scene, str(pull))
    assert "over 3 seeds" in _headline(scene, scene.forge.pull(pull).branch)
    run = next(run for run in scene.tracker.runs if run.endswith("-s2"))
    assert "over 1 seed" in _headline(scene, run)


def _headline(scene: Scene, word: str) -> str:
    place = scene.forge.add_issue("How is it?")
    scene.writes("grace", place, f"/results {word}")
    return scene.last(place).body.split("\n")[0]


def test_the_last_report_comes_as_json_and_runs_as_a_table(scene: Scene) -> None:
    pull = _launched(scene, "Faster", "lr=0.02")
    with pytest.raises(UserError, match="no verdict"):
        last_report(scene.world, f"#{pull}")
    scene.rings()
    data = json.loads(as_json(last_report(scene.world, f"#{pull}")))
    assert (data["verdict"], data["pull"], len(data["runs"])) == ("WIN", pull, 3)
    report = next(c.body for c in scene.forge.said_at(pull) if c.key == "report:1")
    assert json.dumps(data["metrics"][0]["interval"]["lower"]) in report
    scene.writes("ada", pull, "/launch seeds=+3")
    assert as_json(last_report(scene.world, f"#{pull}")) == as_json(
        last_report(scene.world, scene.forge.pull(pull).branch)
    )
    rows = list(csv.DictReader(io.StringIO(as_csv(records(scene.world, f"#{pull}")))))
    assert [(row["attempt"], row["seed"], row["state"]) for row in rows[:4]] == [
        ("1", "1", "finished"),
        ("1", "2", "finished"),
        ("1", "3", "finished"),
        ("2", "1", "finished"),
    ]
    assert rows[-1]["state"] == "queued"
    assert rows[-1]["val/acc"] == ""
    assert float(rows[0]["val/acc"]) == pytest.approx(0.921)
    (one,) = records(scene.world, rows[-1]["url"].rsplit("/", 1)[1])
    assert one.seed == 6
    assert records(scene.world, None) == records(scene.world, f"#{pull}")


@pytest.mark.parametrize("word", ["#99", "nothing", "main"])
def test_what_was_never_launched_has_no_records(scene: Scene, word: str) -> None:
    for ask in (records, last_report):
        with pytest.raises(UserError, match=r"Nothing was launched|knows no run"):
            ask(scene.world, word)
    if word != "main":
        with pytest.raises(UserError):
            figures(scene.world, word)


def _board(scene: Scene) -> str:
    (number,) = scene.forge.pinned
    return scene.forge.issues[number].body


def test_setup_opens_the_leaderboard_once(scene: Scene) -> None:
    _launched(scene, "Faster", "lr=0.02")
    assert not scene.forge.pinned  # no ring opens an issue that nobody asked for
    made = setup(scene.world)
    assert any("the leaderboard, issue #" in what for what in made)
    assert setup(scene.world) == ()
    assert "No open experiment is surely better" in _board(scene)
    assert scene.forge.borne[scene.forge.pinned[0]] == ()  # whoever sets up would label an idea


def test_the_leaderboard_follows_what_happens_and_only_then_is_written(scene: Scene) -> None:
    setup(scene.world)
    faster, thin = _launched(scene, "Faster", "lr=0.02"), _launched(scene, "Thin", "model.width=1")
    scene.rings()
    lines = _board(scene).split("\n")
    assert lines[0].startswith(f"**#{faster} Faster leads: val/acc better by 0.0")
    ranked = [line for line in lines if line.startswith(f"| #{faster}") or f"#{thin}" in line]
    assert [line[:6] for line in ranked] == [f"| #{faster} F", f"| #{thin} T"]
    assert "Tries against baseline-v1: 2, of which 1 was called WIN" in _board(scene)
    written, log = scene.forge.rewritten, len(scene.forge.log)
    scene.run(Rang("schedule"))
    assert (scene.forge.rewritten, len(scene.forge.log)) == (written, log)
    scene.writes("ada", faster, "/merge")
    scene.rings()
    text = _board(scene)
    assert text.startswith("**No open experiment is surely better than [baseline-v2]")
    assert "xychart" in text
    assert f"| #{faster}" not in text
    assert f"| #{thin} Thin" in text
    assert "against baseline-v1 |" in text


def test_what_is_undecided_is_told_who_leads(scene: Scene) -> None:
    setup(scene.world)
    (board,) = scene.forge.opened.values()
    said = []
    for title, settings in {"First": "lr=0.011", "Faster": "lr=0.02", "Last": "lr=0.012"}.items():
        pull = _launched(scene, title, settings)
        scene.rings()
        said.append((pull, scene.last(pull).body))
    (_, alone), (faster, winner), (_, body) = said
    assert alone.startswith("### 🟨 UNDECIDED")
    assert "By the lower bound of its gain" not in alone  # among one, nobody leads
    assert winner.startswith("### ✅ WIN")
    assert "By the lower bound of its gain" not in winner
    assert body.startswith("### 🟨 UNDECIDED")
    line = next(
        line for line in body.split("\n") if line.startswith("By the lower bound of its gain")
    )
    assert f"this is number 3 of the 3 open experiments; #{faster} leads." in line
    assert line.endswith(f"/issues/{board})")


def test_of_two_jobs_that_write_the_leaderboard_the_one_that_knows_more_counts(
    scene: Scene,
) -> None:
    setup(scene.world)
    board = scene.forge.read_ledger().board.issue
    assert board
    pulls = [_launched(scene, "Faster", "lr=0.02")]
    scene.tracker.work()
    pulls.append(_launched(scene, "Thin", "model.width=1"))
    scene.forge.scissors.meanwhile = {"write_issue": scene.rings}
    scene.run(Rang("W&B"))
    assert all(f"#{pull}" in scene.forge.issues[board].body for pull in pulls)


@pytest.mark.parametrize("after", range(1, 5))
def test_a_job_killed_while_the_leaderboard_is_made_leaves_one(scene: Scene, after: int) -> None:
    scene.forge.scissors.after = scene.forge.scissors.writes + after
    with suppress(Cut):
        setup(scene.world)
    scene.forge.scissors.mend()
    setup(scene.world)
    assert len(scene.forge.opened) == 1
    assert set(scene.forge.pinned) == set(scene.forge.opened.values())


def test_a_leaderboard_that_is_switched_off_is_not_opened(scene: Scene) -> None:
    off = scene.world.config.model_copy(update={"reports": Reports(leaderboard=False)})
    scene.world = replace(scene.world, config=off)
    setup(scene.world)
    assert not scene.forge.opened


def test_what_is_spent_without_a_sure_gain_has_no_rate(scene: Scene) -> None:
    gain = Gain(difference=0.02, lower=0.01, upper=0.03, alpha=0.05)
    ledger = scene.forge.read_ledger()
    assert ranked(ledger) == ()
    assert history(ledger, "val/acc") == {"baseline-v1": pytest.approx(0.9 + 0.0005 / 6)}
    assert history(ledger, "val/loss") == {}
    row = Ranked(3, "Faster", "WIN", gain, 5, 4.0, "")
    assert row.per_usd == pytest.approx(0.0025)
    assert replace(row, usd=0.0).per_usd is None
    assert replace(row, gain=gain.but(lower=-0.01)).per_usd is None


def test_another_metric_that_is_configured_later_has_no_figures_yet(scene: Scene) -> None:
    pull = _launched(scene, "Faster", "lr=0.02")
    scene.rings()
    metric = scene.world.config.metric.model_copy(update={"name": "val/f1"})
    scene.world = replace(
        scene.world, config=scene.world.config.model_copy(update={"metric": metric})
    )
    assert "val/acc 0.92" in _headline(scene, f"#{pull}")  # frozen at its first launch
    place = scene.forge.add_issue("And the baseline?")
    scene.writes("grace", place, "/results main")
    assert "`baseline-v1` holds no values of `val/f1`" in scene.last(place).body
