import json

import pytest

from bot.core.baseline import Baseline, SeedResult, next_tag, parse
from bot.core.comparability import Effort
from bot.errors import UserError

BASELINE = Baseline(
    tag="baseline-v1",
    commit="3f9c1e2",
    metric="m",
    seeds=(
        SeedResult(seed=1, run="a", url="https://x.org/a", values={"m": 0.8, "t": 3}),
        SeedResult(seed=2, run="b", url="https://x.org/b", values={"m": 0.9}, curve=((1, 0.5),)),
    ),
    config={"lr": "0.1"},
    environment={"torch": "2.13.0"},
    wall_seconds=18.0,
)


def test_what_is_published_is_read_again() -> None:
    assert parse(BASELINE.text()) == BASELINE


def test_a_release_of_schema_1_is_read() -> None:
    old = json.loads(BASELINE.text())
    for name in ("judge", "environment"):
        del old[name]
    for seed in old["seeds"]:
        del seed["effort"]
    config = {"lr": "0.1", "environment.torch": "2.13.0"}
    old |= {"schema_version": 1, "environment": {"environment.torch": "2.13.0"}, "config": config}
    found = parse(json.dumps(old))
    assert found == BASELINE.but(config=config)
    assert (found.judge, found.seeds[0].effort) == (None, Effort())


def test_a_release_of_a_later_schema_is_told() -> None:
    with pytest.raises(UserError, match="cannot be read"):
        parse(json.dumps({**json.loads(BASELINE.text()), "schema_version": 3}))


def test_the_asset_holds_mean_and_deviation_of_what_every_seed_logged() -> None:
    summary = json.loads(BASELINE.text())["summary"]
    assert summary == {
        "m": {"mean": pytest.approx(0.85), "sd": pytest.approx(0.0707, abs=1e-4), "n": 2}
    }


def test_one_seed_has_no_deviation() -> None:
    alone = BASELINE.but(seeds=BASELINE.seeds[:1])
    assert json.loads(alone.text())["summary"]["t"] == {"mean": 3, "sd": None, "n": 1}


def test_values_that_some_seed_lacks_are_none() -> None:
    assert BASELINE.values("m") == (0.8, 0.9)
    assert BASELINE.values("t") == ()
    assert BASELINE.values("other") == ()


@pytest.mark.parametrize("text", ["", "[]", "{}", "no json", '{"tag": 1}', "null"])
def test_an_asset_of_somebody_else_is_told(text: str) -> None:
    with pytest.raises(UserError, match=r"`baseline.json` .* cannot be read"):
        parse(text)


@pytest.mark.parametrize(
    ("tags", "tag"),
    [
        ([], "baseline-v1"),
        (["baseline-v1", "baseline-v10", "baseline-v9"], "baseline-v11"),
        (["v7", "baseline-v2-old"], "baseline-v1"),
    ],
)
def test_the_next_tag(tags: list[str], tag: str) -> None:
    assert next_tag(tags) == tag
