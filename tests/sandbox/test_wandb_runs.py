"""Runs, written by the real SDK and read by its public Api."""

import dataclasses
import json
from typing import Any

import pytest
import wandb
from wandb.apis.public import Run
from wandb.errors import CommError

from tests.sandbox.wandb_stage import Bench

pytest_plugins = ("tests.sandbox.wandb_fixtures",)

TRAIN = """
import json, sys, wandb
with wandb.init(config={"lr": 0.1}) as run:
    print("epoch 1")
    print("careful", file=sys.stderr)
    with open("failure.json", "w") as file:
        json.dump({"kind": "nan", "step": 7}, file)
    run.save("failure.json", policy="now")
    raise SystemExit(4)
"""


def test_a_run_is_read_back_as_it_was_written(bench: Bench) -> None:
    options: dict[str, Any] = {"name": "exp/1 seed 1", "group": "exp/1", "tags": ["a", "b"]}
    with bench.init("r1", config={"lr": 0.1, "net": {"width": 8}}, notes="why", **options) as run:
        run.define_metric("acc", summary="max")
        for step in range(10):
            run.log({"acc": step / 10 if step < 8 else 0.0, "loss": 1 / (step + 1)})
        run.log({"late": 1})
        run.summary["done"] = True
    seen = bench.api_run("r1")
    assert (seen.state, seen.name, seen.group) == ("finished", "exp/1 seed 1", "exp/1")
    assert (seen.tags, seen.notes) == (["a", "b"], "why")
    assert seen.config == {"lr": 0.1, "net": {"width": 8}}
    assert seen.summary["acc"]["max"] == 0.7
    assert seen.summary["done"] is True
    assert seen.summary["_step"] == 10
    losses = [row["loss"] for row in seen.history(keys=["loss"], pandas=False)]
    assert losses == [1 / (step + 1) for step in range(10)]
    assert len(seen.history(keys=["loss"], samples=4, pandas=False)) == 4
    assert [row["loss"] for row in seen.scan_history(keys=["loss"])] == losses
    assert len(list(seen.scan_history())) == 11
    assert [row["_step"] for row in seen.scan_history(min_step=3, max_step=5)] == [3, 4]
    assert bench.server.starts[("acme", bench.project, "r1")] == 1


def test_a_program_that_fails_leaves_its_console_and_its_files(bench: Bench) -> None:
    assert bench.program(TRAIN, WANDB_RUN_ID="r1", WANDB_RUN_GROUP="g").returncode == 4
    seen = bench.api_run("r1")
    assert (seen.state, seen.group) == ("failed", "g")
    lines = [(line.level, line.content) for line in seen.console_logs()]
    assert lines[:2] == [("", "epoch 1"), ("error", "careful")]
    (last,) = seen.console_logs(last=1)
    assert (last.level, last.content) == lines[-1] == ("error", "SystemExit: 4")
    file = next(iter(seen.files(names=["failure.json"])))
    with file.download(root=str(bench.folder / "loaded"), replace=True) as loaded:
        assert json.load(loaded) == {"kind": "nan", "step": 7}
    assert list(seen.files(names=["other.json"])) == []
    assert "wandb-metadata.json" in [file.name for file in seen.files(pattern="%.json")]


def test_numbers_that_json_does_not_know_come_back_as_strings(bench: Bench) -> None:
    with bench.init("r1") as run:
        run.log({"loss": float("nan"), "norm": float("inf")})
    seen = bench.api_run("r1")
    assert (seen.summary["loss"], seen.summary["norm"]) == ("NaN", "Infinity")
    assert seen.history(keys=["loss"], pandas=False) == [{"_step": 0, "loss": "NaN"}]


def test_a_run_id_that_was_begun_is_refused_to_who_never_resumes(bench: Bench) -> None:
    path = ("acme", bench.project, "r1")
    with bench.init("r1", resume="never") as run:
        run.log({"acc": 1})
    done = bench.program("import wandb; wandb.init(id='r1', resume='never')", WANDB_SILENT="false")
    assert "UsageError" in done.stderr
    assert "already exists" in done.stderr
    assert bench.server.starts[path] == 1
    with bench.init("r1", resume="must") as run:
        assert bench.seen("r1").state == "running"
        run.log({"acc": 2})
    assert bench.server.starts[path] == 2
    assert [row["acc"] for row in bench.api_run("r1").scan_history(keys=["acc"])] == [1, 2]


def test_a_second_process_on_a_running_run_is_counted(bench: Bench) -> None:
    run = bench.init("r1")
    run.log({"acc": 1})
    run.tags = ("edited",)
    assert bench.program("import wandb; wandb.init(id='r1').finish()").returncode == 0
    assert bench.server.starts[("acme", bench.project, "r1")] == 2
    run.finish()


def test_a_deleted_id_is_never_given_again(bench: Bench) -> None:
    with bench.init("r1"):
        pass
    bench.api_run("r1").delete()
    assert bench.server.runs(bench.project) == []
    with pytest.raises(CommError, match="Could not find run"):
        bench.api_run("r1")
    wanted = f'{{name: "r1", modelName: "{bench.project}", entityName: "acme"}}'
    query = f"mutation {{ upsertBucket(input: {wanted}) {{ inserted }} }}"
    status, answer = bench.post("/graphql", {"query": query})
    assert status == 409
    assert "previously created and deleted" in answer["errors"][0]["message"]


def test_a_stopped_run_hears_of_it_and_ends_as_killed(bench: Bench) -> None:
    run = bench.init("r1")
    path = f"/files/acme/{bench.project}/r1/file_stream"
    assert bench.post(path, {})[1]["stopped"] is False
    bench.api_run("r1").stop()
    assert bench.seen("r1").state == "running"
    assert bench.post(path, {})[1]["stopped"] is True
    run.finish(exit_code=255)
    assert bench.api_run("r1").state == "killed"


def test_a_silent_run_has_crashed_and_lives_on_when_it_speaks_again(bench: Bench) -> None:
    run = bench.init("r1")
    bench.clock.ahead = 119
    assert bench.seen("r1").state == "running"
    bench.clock.ahead = 1000
    assert bench.seen("r1").state == "crashed"
    bench.post(f"/files/acme/{bench.project}/r1/file_stream", {})
    assert bench.seen("r1").state == "running"
    run.finish()
    assert bench.seen("r1").state == "finished"


def test_a_run_that_is_stuck_runs_for_ever(bench: Bench) -> None:
    bench.server.stick("lost-*")
    for run_id in ("lost-1", "other"):
        bench.init(run_id).finish()
    assert (bench.seen("lost-1").state, bench.seen("other").state) == ("running", "finished")
    bench.clock.ahead = 30 * 86_400
    assert bench.api_run("lost-1").state == "running"
    bench.server.unstick()
    bench.clock.ahead *= 2
    assert bench.api_run("lost-1").state == "crashed"


@pytest.mark.parametrize(("exit_code", "state"), [(1, "preempted"), (0, "finished")])
def test_a_run_that_told_of_its_preemption(bench: Bench, exit_code: int, state: str) -> None:
    run = bench.init("r1")
    run.mark_preempting()
    run.finish(exit_code=exit_code)
    assert bench.api_run("r1").state == state


def test_a_run_waits_until_a_process_takes_it_up(bench: Bench) -> None:
    Run.create(wandb.Api(), "r1", bench.project, "acme", "pending")
    bench.clock.ahead = 30 * 86_400
    waiting = bench.api_run("r1")
    assert (waiting.state, bench.server.starts[("acme", bench.project, "r1")]) == ("pending", 0)
    run = bench.init("r1")
    assert bench.api_run("r1").state == "running"
    run.finish(exit_code=1)
    again = bench.api_run("r1")
    assert again.update_state("pending")
    assert bench.seen("r1").state == "pending"
    with pytest.raises(CommError, match="transition"):
        again.update_state("pending")


def test_a_page_repeats_a_run_when_one_is_made_in_between(bench: Bench) -> None:
    for number in (1, 2):
        bench.init(f"r{number}").finish()
    listing = wandb.Api().runs(f"acme/{bench.project}", per_page=1, order="-created_at")
    assert listing[0].id == "r2"
    bench.init("r3").finish()
    assert [run.id for run in listing] == ["r2", "r2", "r1"]


def test_an_edit_by_the_api_is_kept_and_begins_nothing(bench: Bench) -> None:
    with bench.init("r1", config={"lr": 0.1}):
        pass
    edited = bench.api_run("r1")
    edited.name, edited.group = "renamed", "g"
    edited.tags.append("kept")
    edited.notes = "because"
    edited.config["lr"] = 0.2
    edited.update()
    seen = bench.api_run("r1")
    assert (seen.name, seen.group, seen.tags, seen.notes) == ("renamed", "g", ["kept"], "because")
    assert (seen.config, seen.state) == ({"lr": 0.2}, "finished")
    assert bench.server.starts[("acme", bench.project, "r1")] == 1


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"group": "g1"}, ["r1", "r2"]),
        ({"config.lr": 0.3}, ["r3"]),
        ({"config.lr.value": {"$lt": 0.3}}, ["r1", "r2"]),
        ({"config.net.width": 3}, ["r3"]),
        ({"name": {"$in": ["r1", "r3", "r9"]}}, ["r1", "r3"]),
        ({"display_name": {"$regex": "^exp/2"}}, ["r2"]),
        ({"$or": [{"tags": "t1"}, {"summary_metrics.acc": {"$gte": 3}}]}, ["r1", "r3"]),
        ({"tags": {"$nin": ["t1"]}, "state": "finished"}, ["r2", "r3"]),
        ({"jobType": {"$exists": True}}, []),
    ],
)
def test_runs_are_found_by_filters(
    three_runs: Bench, wanted: dict[str, Any], found: list[str]
) -> None:
    path = f"acme/{three_runs.project}"
    assert [run.id for run in wandb.Api().runs(path, filters=wanted)] == found


def test_runs_come_whole_page_by_page_and_ordered(three_runs: Bench) -> None:
    path = f"acme/{three_runs.project}"
    runs = wandb.Api().runs(path, lazy=False, per_page=2, order="-summary_metrics.acc")
    assert len(runs) == 3
    assert [(run.id, run.config["lr"], run.summary["acc"]) for run in runs] == [
        ("r3", 0.3, 3),
        ("r2", 0.2, 2),
        ("r1", 0.1, 1),
    ]


@pytest.fixture(scope="module")
def three_runs(served: Bench) -> Bench:
    served.project = "three"
    for number in (1, 2, 3):
        options: dict[str, Any] = {"name": f"exp/{number}", "tags": [f"t{number}"]}
        config = {"lr": number / 10, "net": {"width": number}}
        with served.init(
            f"r{number}", group=f"g{(number + 1) // 2}", config=config, **options
        ) as run:
            run.log({"acc": number})
    return dataclasses.replace(served, project="three")
