"""How a sweep picks the values of its next run: every combination, or at random."""

import itertools
import math
import random
from collections.abc import Iterator, Mapping
from typing import Any

from bot.sandbox.wandb.refusal import Refusal

Parameter = Mapping[str, Any]
Settings = Mapping[str, Any]


def check(settings: Settings) -> None:
    """Refuse what is not served here, or makes no sense.

    Raises:
        Refusal: 400.
    """
    if settings.get("method") not in ("grid", "random"):
        raise Refusal(400, f"the sweep method {settings.get('method')} is not served here")
    if "early_terminate" in settings:
        raise Refusal(400, "early_terminate is not served here")
    if not settings.get("parameters"):
        raise Refusal(400, "a sweep needs parameters")
    choice(settings, 0, "")


def choice(settings: Settings, number: int, seed: str) -> dict[str, Any] | None:
    """The values of run `number` (from 0); None when there are no more.

    Args:
        settings: The sweep's configuration.
        number: How many runs were given out before.
        seed: What a random search draws from, so that the same sweep draws the same.
    """
    if number >= settings.get("run_cap", math.inf):
        return None
    if settings["method"] == "grid":
        return next(itertools.islice(_combinations(settings["parameters"]), number, None), None)
    source = random.Random(f"{seed} {number}")
    return {name: _drawn(each, source) for name, each in settings["parameters"].items()}


def size(settings: Settings) -> int | None:
    """How many runs there will be; None for no end."""
    cap: int | None = settings.get("run_cap")
    if settings["method"] != "grid":
        return cap
    count = sum(1 for _ in _combinations(settings["parameters"]))
    return count if cap is None else min(count, cap)


def _combinations(parameters: Mapping[str, Parameter]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*map(_every, parameters.values())):
        yield dict(zip(parameters, values, strict=True))


def _every(parameter: Parameter) -> list[Any]:
    """Every value of a parameter that has a list of them.

    Raises:
        Refusal: 400, for one that has none.
    """
    match parameter:
        case {"parameters": nested}:
            return list(_combinations(nested))
        case {"value": value}:
            return [value]
        case {"values": values}:
            return list(values)
        case {"min": int(least), "max": int(most)}:
            return list(range(least, most + 1))
    raise Refusal(400, f"a grid cannot list the values of {dict(parameter)}")


def _drawn(parameter: Parameter, source: random.Random) -> Any:
    match parameter:
        case {"parameters": nested}:
            return {name: _drawn(each, source) for name, each in nested.items()}
        case {"distribution": "normal"}:
            return source.gauss(parameter.get("mu", 0.0), parameter.get("sigma", 1.0))
        case {"distribution": "log_uniform_values", "min": least, "max": most}:
            return math.exp(source.uniform(math.log(least), math.log(most)))
        case {"distribution": "uniform", "min": least, "max": most}:
            return source.uniform(least, most)
        case {"distribution": str(other)} if other not in ("int_uniform", "categorical"):
            raise Refusal(400, f"the distribution {other} is not served here")
    return source.choices(_every(parameter), parameter.get("probabilities"))[0]
