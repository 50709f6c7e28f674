import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.core.interval import Interval, Sample
from bot.core.results import (
    TIME,
    MetricRow,
    RunRecord,
    RunRow,
    as_csv,
    as_json,
    beside,
    correlation,
    fitting,
)
from tests.bot.examples.report import LOSS, WIN
from tests.bot.examples.team import BASELINE, WINNER, finished, primary

RUN = RunRecord(
    experiment=41,
    pull=47,
    attempt=1,
    purpose="search",
    seed=1,
    state="finished",
    commit="c" * 40,
    baseline="baseline-v6",
    verdict="WIN",
    seconds=2520.5,
    url="https://wandb.ai/acme/retina/runs/lh-41-1-s1",
    settings={"model.ema_decay": "0.999"},
    values={"val/dice": 0.8462, "train/minutes": 42.1},
)


def test_a_report_is_data() -> None:
    data = json.loads(as_json(WIN))
    assert (data["schema"], data["verdict"], data["next"]) == (1, "WIN", "/merge")
    assert (data["experiment"], data["pull"], data["attempt"]) == (41, 47, 1)
    dice, *guards = data["metrics"]
    assert dice["decides"]
    assert (dice["baseline"]["n"], dice["candidate"]["n"]) == (10, 5)
    interval = [round(dice["interval"][key], 4) for key in ("difference", "lower", "upper")]
    assert interval == [0.006, 0.0042, 0.0078]
    assert [(g["name"], g["limit"], g["holds"], g["decides"]) for g in guards] == [
        ("val/hd95_mm", "0.15", True, False),
        ("train/minutes", "15%", True, False),
    ]
    assert [run["values"]["val/dice"] for run in data["runs"]] == list(WINNER.values)
    assert data["settings"] == {"model.ema_decay": {"from": "none", "to": "0.999"}}
    assert {row["standing"] for row in data["parity"]} == {"same"}
    assert json.loads(as_json(LOSS))["next"] is None


def test_the_data_of_a_report_are_short_lines() -> None:
    lines = as_json(WIN).split("\n")
    assert len(lines) < 60
    assert ' "verdict": "WIN",' in lines


def test_what_is_no_number_is_null() -> None:
    inf = float("inf")
    row = replace(
        primary(WINNER),
        candidate=Sample((inf, float("nan"))),
        interval=Interval(0, -inf, inf, 0.05),
    )
    data = json.loads(as_json(replace(WIN, rows=(row,))), parse_constant=pytest.fail)
    (metric,) = data["metrics"]
    assert metric["candidate"] == {"n": 2, "mean": None, "sd": None}
    assert metric["interval"] == {"difference": 0, "lower": None, "upper": None, "alpha": 0.05}


def test_no_zero_of_a_report_has_a_sign() -> None:
    row = replace(primary(WINNER), interval=Interval(-0.0, -0.0, 0.0, 0.05))
    assert "-0.0" not in as_json(replace(WIN, rows=(row,)))


def test_a_metric_that_no_run_gave_is_null() -> None:
    row = replace(primary(WINNER), candidate=None, interval=None)
    (metric,) = json.loads(as_json(replace(WIN, rows=(row,))))["metrics"]
    assert (metric["candidate"], metric["interval"]) == (None, None)


def read(text: str) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_runs_are_a_table() -> None:
    other = replace(RUN, seed=2, state="failed", seconds=None, settings={}, values={"loss, a": 1.5})
    first, second = read(as_csv([RUN, other]))
    assert first["val/dice"] == "0.8462"
    assert (first["experiment"], first["seed"], first["state"]) == ("41", "1", "finished")
    assert json.loads(first["settings"]) == {"model.ema_decay": "0.999"}
    assert (second["val/dice"], second["loss, a"], second["seconds"]) == ("", "1.5", "")
    assert second["settings"] == ""


def test_no_runs_are_a_table_without_lines() -> None:
    assert as_csv([]).startswith("experiment,pull,attempt,purpose,seed,state,commit,")
    assert read(as_csv([])) == []


@pytest.mark.parametrize("name", ["=1+1", "+x", "-x", "@sum"])
def test_a_spreadsheet_works_nothing_out(name: str) -> None:
    (row,) = read(as_csv([replace(RUN, values={name: -1.0}, verdict=name)]))
    assert row[f"'{name}"] == "-1.0"
    assert row["verdict"] == f"'{name}"


@pytest.mark.parametrize(
    ("minutes", "unit", "shown"), [(0.05, "s", 3.0), (1.5, "min", 1.5), (180.0, "h", 3.0)]
)
def test_training_time_is_shown_in_a_unit_that_fits(
    minutes: float, unit: str, shown: float
) -> None:
    found, before = Sample((minutes, minutes), (1, 2)), Sample((minutes / 2, minutes / 2), (1, 2))
    interval = Interval(minutes / 2, minutes / 4, minutes, 0.05)
    row = fitting(MetricRow(TIME, "minimize", before, found, interval, None, None))
    assert row == MetricRow(
        f"training time, {unit}",
        "minimize",
        Sample((shown / 2, shown / 2), (1, 2)),
        Sample((shown, shown), (1, 2)),
        Interval(shown / 2, shown / 4, shown, 0.05),
        None,
        None,
    )


def test_seeds_stand_side_by_side() -> None:
    old, new = finished(BASELINE, "b"), finished(WINNER, "c", 9)
    rows = beside(old, new)
    assert [seed for seed, _, _ in rows] == list(range(1, 14))
    assert rows[0] == (1, old[0], None)
    assert rows[8] == (9, old[8], new[0])
    assert rows[12] == (13, None, new[4])


def runs(*values: float | None) -> tuple[RunRow, ...]:
    return tuple(RunRow(seed, "finished", "", None, v) for seed, v in enumerate(values, 1))


def test_correlation_over_the_seeds_that_both_have() -> None:
    found = correlation(finished(WINNER, "c"), finished(BASELINE, "b"))
    assert found is not None
    assert round(found, 2) == -0.13


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (runs(1.0, 2.0), runs(1.0, 2.0)),
        (runs(1.0, 2.0, 3.0), runs(1.0, 1.0, 1.0)),
        (runs(1.0, None, 3.0), runs(1.0, 2.0, 3.0)),
        (runs(1.0, float("nan"), 3.0), runs(1.0, 2.0, 3.0)),
        ((), ()),
    ],
)
def test_without_three_seeds_that_vary_there_is_no_correlation(
    one: tuple[RunRow, ...], other: tuple[RunRow, ...]
) -> None:
    assert correlation(one, other) is None


def test_the_page_names_every_key_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    table = page.partition("<!-- keys")[2].partition("<!-- keys end")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(json.loads(as_json(WIN)))
