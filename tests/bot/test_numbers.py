import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.interval import Interval, Sample
from bot.core.numbers import (
    bound,
    bounded,
    chance,
    column,
    count,
    duration,
    listed,
    mean_sd,
    moment,
    number,
    ranges,
    relative,
    signed,
    spans,
    spread,
    typed,
)


@pytest.mark.parametrize(
    ("value", "unsure", "shown"),
    [
        (0.84117, 0.0019, "0.8412"),
        (2.3651, 0.063, "2.365"),
        (-0.0614, 0.098, "−0.061"),
        (41.6, 12.0, "42"),
        (12345.6, 300.0, "12,346"),
        (0.84117, 0.0, "0.8412"),
        (31.2, 0.0, "31.2"),
        (9600, 0.0, "9,600"),
        (1234567.0, 0.0, "1,234,567"),
        (0.002, 0.0, "0.002"),
        (0.0, 0.0, "0"),
        (-0.00001, 0.001, "0.0000"),
        (1.23e-12, 1e-13, "1.23e-12"),
        (-1.23e-12, 0.0, "−1.23e-12"),
        (1.1098172e-11, 2.2e-15, "1.10982e-11"),
        (0.84117, 1e-12, "0.84117"),
        (0.5, math.inf, "0.5"),
        (0.5, math.nan, "0.5"),
        (math.nan, 0.1, "not a number"),
        (math.inf, 0.1, "infinity"),
        (-math.inf, 0.1, "−infinity"),
    ],
)
def test_a_number_has_the_digits_that_are_sure(value: float, unsure: float, shown: str) -> None:
    assert number(value, unsure) == shown


@given(st.floats(), st.floats())
def test_any_number_can_be_written(value: float, unsure: float) -> None:
    assert "-" not in number(value, unsure).replace("e-", "")
    assert signed(value, unsure)[0] in "+−n"


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((0.93, 0.9279, None), ["0.9300", "0.9279"]),
        ((9.999, 12.3), ["10.00", "12.30"]),
        ((0.0, math.nan), ["0", "not a number"]),
    ],
)
def test_values_in_a_column_have_the_same_digits(
    values: tuple[float | None, ...], shown: list[str]
) -> None:
    alike = column(values)
    assert [number(value, alike) for value in values if value is not None] == shown


@pytest.mark.parametrize(
    ("interval", "shown"),
    [
        (Interval(0.006, 0.0042288, 0.0077711, 0.0335), "+0.0060 (+0.0042 to +0.0078)"),
        (Interval(-0.061, -0.159, 0.037, 0.025), "−0.061 (−0.159 to +0.037)"),
        (Interval(0.3, 0.3, 0.3, 0.05), "+0.3 (+0.3 to +0.3)"),
        (Interval(0.0, -math.inf, math.inf, 0.05), "+0 (−infinity to +infinity)"),
        (Interval(0.002, 0.00003, 0.004, 0.05), "+0.0020 (+0.00003 to +0.0040)"),
        (Interval(0.002, -0.00003, 0.004, 0.05), "+0.0020 (−0.00003 to +0.0040)"),
        (Interval(0.002, -1e-12, 0.004, 0.05), "+0.0020 (+0.0000 to +0.0040)"),
    ],
)
def test_an_interval(interval: Interval, shown: str) -> None:
    assert bounded(interval) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0015, "0.0015"), (0.00199, "0.00199"), (0.0019996, "0.0019996"), (0.002, "0.0020")],
)
def test_a_bound_shows_on_which_side_of_its_edge_it_lies(value: float, shown: str) -> None:
    assert bound(value, 0.002, edge=0.002) == shown


def test_a_share_of_the_baseline() -> None:
    interval = Interval(0.5, -0.29, 1.29, 0.025)
    assert relative(interval, 41.6) == "+1.2% (−0.7 to +3.1)"
    assert relative(interval, -41.6) == "+1.2% (−0.7 to +3.1)"
    assert relative(interval, 0.0) == bounded(interval)


def test_a_mean_with_its_deviation() -> None:
    assert mean_sd(Sample((0.84, 0.85)), 0.001) == "0.8450 ±\u00a00.0071"
    assert mean_sd(Sample((0.84,)), 0.001) == "0.8400"
    assert mean_sd(Sample(()), 0.0) == "–"
    assert mean_sd(Sample((math.inf, -math.inf)), 0.0) == "not a number"


def test_what_is_sure_comes_from_the_interval_then_from_the_samples() -> None:
    pair = Sample((1.0, 3.0))
    assert spread(Interval(1, 0, 2, 0.05), pair) == 1
    assert spread(None, None, pair) == pair.sd
    assert spread(None, Sample((math.nan, 1.0))) == 0


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"), (0.2, "1 s"), (18.4, "18 s"), (89.4, "89 s"), (89.6, "1 min"),
        (2526, "42 min"), (5399, "1.5 h"), (12600, "3.5 h"), (7200, "2 h"),
        (math.nan, "an unknown time"),
    ],
)  # fmt: skip
def test_a_time_in_the_unit_that_suits_it(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_one_and_many() -> None:
    assert (count(1, "seed"), count(0, "seed"), count(9600, "step")) == (
        "1 seed", "0 seeds", "9,600 steps",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("seeds", "shown", "plain"),
    [
        ((), "", ""),
        ((3,), "3", "3"),
        ((3, 1, 2), "1 to 3", "1-3"),
        ((1, 2), "1 and 2", "1-2"),
        ((1, 2, 8), "1, 2 and 8", "1-2, 8"),
        ((8, 1, 2, 3, 5), "1 to 3, 5 and 8", "1-3, 5, 8"),
    ],
)
def test_seeds_are_drawn_together(seeds: tuple[int, ...], shown: str, plain: str) -> None:
    assert (ranges(seeds), spans(seeds)) == (shown, plain)


def test_a_list_in_a_sentence() -> None:
    assert [listed(x) for x in ((), (1,), (1, 2), (1, 2, 4))] == ["", "1", "1 and 2", "1, 2 and 4"]


@pytest.mark.parametrize(
    ("probability", "shown"),
    [
        (0.0, "less than 1%"),
        (0.0099, "less than 1%"),
        (0.01, "1%"),
        (0.344, "34%"),
        (0.99, "99%"),
        (1.0, "more than 99%"),
        (math.nan, "unknown"),
    ],
)
def test_a_chance_is_never_certain(probability: float, shown: str) -> None:
    assert chance(probability) == shown


@pytest.mark.parametrize(
    ("seconds", "before", "shown"),
    [
        (1.8e9, None, "15 January 2027, 08:00"),
        (1.8e9 + 5221, 1.8e9, "09:27"),
        (1.8e9 + 57_599, 1.8e9, "23:59"),
        (1.8e9 + 57_600, 1.8e9, "16 January 2027, 00:00"),
    ],
)
def test_a_time_has_its_day_unless_that_was_said(
    seconds: float, before: float | None, shown: str
) -> None:
    assert moment(seconds, before) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0.0", "0"),
        ("-0.0", "0"),
        ("-0.50", "-0.5"),
        ("1.", "1"),
        ("1e-3", "0.001"),
        ("1E+2", "100"),
        ("1e-05", "1e-05"),
        ("1e-5", "1e-05"),
        ("0.1", "0.1"),
        ("12345678901234567890", "12345678901234567890"),
        ("007.5", "007.5"),
        ("1.2.3", "1.2.3"),
        ("nan", "nan"),
        ("1e999", "1e999"),
        ("٣.٠", "٣.٠"),
        ("", ""),
        ("true", "true"),
    ],
)
def test_a_setting_reads_alike_wherever_it_comes_from(value: str, shown: str) -> None:
    assert typed(value) == shown
