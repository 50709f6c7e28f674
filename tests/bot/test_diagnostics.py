import json

import pytest

from bot.core.diagnostics import MOST_WARNINGS, Vital, Warned, vitals, warnings


def test_what_programs_call_differently_is_one_measure() -> None:
    ours = {"train/grad_norm": 1.5, "perf/data_frac": 0.25, "val/acc": 0.9}
    hugging_face = {"train/grad_norm": 2, "train/learning_rate": 1e-5}
    assert vitals({1: ours, 2: hugging_face}) == (
        Vital("gradient norm", "", (1.5, 2.0)),
        Vital("learning rate at the end", "", (1e-5,)),
        Vital("time spent waiting for data", "%", (25.0,)),
    )


@pytest.mark.parametrize(
    "value", [None, "fast", float("nan"), float("inf"), 10**400, True, {"max": 2}]
)
def test_what_is_no_number_is_no_measure(value: object) -> None:
    assert vitals({1: {"train/grad_norm": value}}) == ()


def flags(*found: tuple[str, str]) -> dict[str, object]:
    listed = [{"kind": kind, "epoch": 3, "evidence": evidence} for kind, evidence in found]
    return {"health/flags": json.dumps(listed)}


def test_a_warning_of_several_seeds_is_one() -> None:
    given = {
        2: flags(("plateau", "no gain since 21"), ("overfit", "gap 0.2")),
        1: flags(("plateau", "no gain since 18")),
        3: flags(),
    }
    assert warnings(given) == (
        Warned("plateau", (1, 2), "no gain since 18"),
        Warned("overfit", (2,), "gap 0.2"),
    )


@pytest.mark.parametrize("value", [None, 3, "", "[", "null", "{}", '["plateau"]', '"plateau"'])
def test_what_is_no_list_of_warnings_holds_none(value: object) -> None:
    assert warnings({1: {"health/flags": value}}) == ()


def test_there_is_an_end_to_warnings() -> None:
    many = flags(*((f"kind {number}", "") for number in range(100)))
    assert len(warnings({1: many})) == MOST_WARNINGS
