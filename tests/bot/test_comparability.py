"""What makes two arms comparable: judge, data, machine and effort."""

import math

import pytest

from bot.core.comparability import (
    Effort,
    Judge,
    Parity,
    code_hash,
    digest,
    effort,
    environment,
    global_batch,
    measures,
    only_seed,
    parity,
    refusal,
)
from bot.core.rules import Guard, PrimaryMetric, Rules, changes
from bot.core.runs import ObservedRun

RULES = Rules(
    metric=PrimaryMetric(name="val/dice", goal="maximize", value="best", min_effect=0.002),
    guards={"val/loss": Guard(goal="minimize", limit="5%")},
    judge_paths=("src/metrics/**",),
)
JUDGE = Judge(code="c0de", paths=RULES.judge_paths, measures=measures(RULES), data="9f2c")
MACHINE = {
    "environment.device": "NVIDIA A100",
    "environment.torch": "2.13.0",
    "environment.world_size": 2,
}


def standings(before: Judge | None, after: Judge, *touched: str) -> dict[str, str]:
    rows = parity((before, {}), (after, {}), touched)
    return {row.what: row.standing for row in rows[:3]}


def test_the_same_judge_is_comparable() -> None:
    rows = parity((JUDGE, environment([MACHINE])), (JUDGE, environment([MACHINE])), ())
    known = [row for row in rows if row.standing != "unknown"]
    assert [row.what for row in known] == [
        "evaluation code", "metric definition", "evaluation data", "device", "torch", "processes",
    ]  # fmt: skip
    assert {row.standing for row in known} == {"same"}
    assert refusal(rows) == ""


@pytest.mark.parametrize(
    ("after", "touched", "what"),
    [
        (JUDGE, ["src/metrics/dice.py"], "evaluation code"),
        (JUDGE.but(code="beef"), [], "evaluation code"),
        (JUDGE.but(data="beef"), [], "evaluation data"),
        (
            JUDGE.but(measures={**JUDGE.measures, "val/dice": "maximize, last"}),
            [],
            "definition of `val/dice`",
        ),
    ],
)
def test_a_change_of_the_judge_is_not_comparable(
    after: Judge, touched: list[str], what: str
) -> None:
    rows = parity((JUDGE, {}), (after, {}), touched)
    assert [row.what for row in rows if row.standing == "not comparable"] == [what]
    assert what in refusal(rows)
    assert "/baseline" in refusal(rows)


def test_a_limit_is_no_part_of_what_is_measured() -> None:
    wider = RULES.but(guards={"val/loss": Guard(goal="minimize", limit="9%")})
    assert measures(wider) == measures(RULES)


def test_a_new_guard_does_not_make_old_figures_worthless() -> None:
    after = JUDGE.but(measures={**JUDGE.measures, "gpu": "minimize, summary"})
    assert standings(JUDGE, after)["metric definition"] == "same"


def test_what_an_old_release_did_not_record_is_unknown() -> None:
    assert standings(None, JUDGE) == {
        "evaluation code": "same",  # the change contains the baseline, and did not touch it
        "metric definition": "unknown",
        "evaluation data": "unknown",
    }
    assert standings(None, Judge())["evaluation code"] == "unknown"


def test_hashes_of_other_paths_are_not_compared() -> None:
    after = JUDGE.but(code="beef", paths=("src/metrics/**", "conf/data/**"))
    assert standings(JUDGE, after)["evaluation code"] == "same"


def test_the_hash_names_the_judges_files_alone() -> None:
    blobs = {"src/metrics/dice.py": "a1", "src/model.py": "b2"}
    found = code_hash(blobs, RULES.judge_paths)
    assert found
    assert code_hash({**blobs, "src/model.py": "c3"}, RULES.judge_paths) == found
    assert code_hash({**blobs, "src/metrics/dice.py": "c3"}, RULES.judge_paths) != found
    assert code_hash({**blobs, "src/metrics/new.py": "a1"}, RULES.judge_paths) != found
    assert code_hash(blobs, ()) is None


@pytest.mark.parametrize(("key", "logged"), [("data/digest", "summary"), ("data.digest", "config")])
def test_a_digest_is_found_where_it_is_logged(key: str, logged: str) -> None:
    runs = [ObservedRun(f"r{n}", "finished", **{logged: {key: "9f2c"}}) for n in (1, 2)]
    assert digest(runs, "data.digest") == "9f2c"
    other = ObservedRun("r3", "finished", **{logged: {key: "beef"}})
    assert digest([*runs, other], "data.digest") == "9f2c, beef"
    assert digest([ObservedRun("r", "finished")], "data.digest") is None


def test_seeds_on_other_machines_are_shown() -> None:
    other = {**MACHINE, "environment.device": "NVIDIA L4"}
    found = environment([MACHINE, other, MACHINE])
    assert found["device"] == "NVIDIA A100, NVIDIA L4"
    rows = parity((JUDGE, environment([MACHINE])), (JUDGE, found), ())
    odd = [row for row in rows if row.standing == "differs"]
    assert odd == [Parity("device", "NVIDIA A100", "NVIDIA A100, NVIDIA L4", "differs")]
    assert refusal(rows) == ""


def test_what_the_machine_is_goes_before_what_was_asked_for() -> None:
    config = {"device": "auto", "a.device": "x", "environment.device": "NVIDIA A100"}
    assert environment([config]) == {"device": "NVIDIA A100"}


@pytest.mark.parametrize(
    ("config", "batch"),
    [
        ({"train.batch": 64, "environment.world_size": 2}, 64),
        ({"data.batch_size": 16, "trainer.accumulate_grad_batches": 4, "world_size": 2}, 128),
        ({"per_device_train_batch_size": "8", "gradient_accumulation_steps": "2"}, 16),
        ({"batch_size": "many"}, None),
        ({}, None),
    ],
)
def test_the_global_batch(config: dict[str, object], batch: float | None) -> None:
    assert global_batch(config) == batch


def test_the_effort_of_a_run() -> None:
    logged = {"train/samples_seen": 1e6, "perf/gpu_mem_gb": 31.2}
    run = ObservedRun("r", "finished", summary=logged, seconds=60.0)
    assert effort(run) == Effort(seconds=60, samples=1e6, memory_gb=31.2)
    steps = {"train/global_step": 100}
    run = ObservedRun("r", "finished", summary=steps, config={"batch_size": 8})
    assert effort(run).samples == 800


@pytest.mark.parametrize("odd", [math.nan, math.inf, "NaN", "much", True, {}, None])
def test_an_odd_effort_is_none(odd: object) -> None:
    run = ObservedRun("r", "finished", summary={"train/samples_seen": odd, "perf/gpu_mem_gb": odd})
    assert effort(run) == Effort()


@pytest.mark.parametrize(
    ("files", "settings", "word"),
    [
        ([], [], "changes nothing: its files"),
        (["conf.yaml"], ["seed"], "nothing but the seed (`seed`)"),
        ([], ["train.seed", "data.random_seed"], "`data.random_seed, train.seed`"),
        (["conf.yaml"], ["seed", "lr"], ""),
        (["conf.yaml", "model.py"], ["seed"], ""),
        (["conf.yaml"], [], ""),
        ([], ["seed_count"], ""),
    ],
)
def test_another_seed_is_no_change(files: list[str], settings: list[str], word: str) -> None:
    found = only_seed(files, settings, "conf.yaml")
    assert word in found
    assert bool(found) is bool(word)


def test_a_configuration_that_moved_since_the_launch_is_told() -> None:
    assert changes(RULES, RULES.but(method="paired", most_seeds=15)) == ()
    moved = RULES.but(
        metric=RULES.metric.but(min_effect=0.004),
        guards={"gpu": Guard(goal="minimize", limit="2", value="last")},
    )
    assert changes(RULES, moved) == (
        "min_effect: 0.002 → 0.004",
        "guard val/loss: minimize, summary, limit 5% → none",
        "guard gpu: none → minimize, last, limit 2",
    )
