"""How often verdicts are wrong, and what they find: simulated by python -m tests.bench.verdicts."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import special, stats

from bot.core.interval import Method
from bot.core.many import exceeds
from bot.core.spending import ALPHA
from bot.core.tries import confirmation
from bot.core.verdict import UNLIKELY
from tests.bench.null import (
    DEFAULT,
    EXPERIMENTS,
    NOISES,
    Array,
    Flags,
    Noise,
    Plan,
    arms,
    called,
    outliers,
    welch_alone,
    wrong,
)

PLANS = (
    DEFAULT,
    Plan((2,)),
    Plan((3,)),
    Plan((5,)),
    Plan((10,)),
    Plan((5,), 5),
    Plan((2, 4, 6, 8, 10, 12)),
    Plan((3, 6, 9, 12, 15, 18)),
    Plan((10, 20, 30, 40, 50, 60)),
    Plan((5, 10), method="paired"),
    Plan((2, 4, 6, 8, 9, 10), method="paired"),
)


def false_verdicts() -> None:
    """Both errors over all looks, for every plan, noise and correlation over seeds."""
    head("plan (seeds at each look)", "noise", *(f"correlation {r}" for r in (0, 0.5, 0.9)))
    for plan in PLANS:
        for name, noise in NOISES.items():
            rates = [wrong(plan, noise, correlation) for correlation in (0.0, 0.5, 0.9)]
            row(str(plan), name, *(f"{win:.1%} / {loss:.1%}" for win, loss in rates))


def one_arm_skewed() -> None:
    """False wins where one arm alone is skewed or noisier, the means being equal, the level 5%.

    What a WIN is told with is `verdict.CLOSER`: its seeds lie closer together than the baseline's.
    """
    head("candidate", "baseline", "looks", "Welch alone", "ours", "of these, told of", "merged")
    normal = NOISES["normal"]
    unlike = {name: NOISES[name] for name in ("skewed up", "skewed down")} | {"outliers": outliers}
    for word, times in (("half as noisy", 0.5), ("twice as noisy", 2.0)):
        unlike[word] = lambda random, shape, times=times: times * random.standard_normal(shape)
    pairs = [((name, noise), ("normal", normal)) for name, noise in unlike.items()]
    pairs += [(before, after) for after, before in pairs]
    for (first, after_noise), (second, before_noise) in [*pairs, (pairs[0][1], pairs[0][1])]:
        for plan in (Plan((3,)), Plan((5,)), DEFAULT):
            random = np.random.default_rng(7)
            after = after_noise(random, (EXPERIMENTS, plan.looks[-1]))
            before = before_noise(random, (EXPERIMENTS, plan.baseline))
            alone = called(after, before, plan, plan.levels, welch_alone)
            wins = called(after, before, plan, plan.levels)
            ratio = after[:, : plan.looks[0]].var(axis=1, ddof=1) / before.var(axis=1, ddof=1)
            told = special.fdtr(plan.looks[0] - 1, plan.baseline - 1, ratio[wins]) < UNLIKELY
            held = after_noise(random, (EXPERIMENTS, 3))
            merged = wins & exceeds(held, before, ALPHA, 0.0, "welch")
            rates = (alone, wins, told, merged)
            row(first, second, ", ".join(map(str, plan.looks)), *(f"{r.mean():.1%}" for r in rates))


def power() -> None:
    """What is found, beside the best fixed-sample tests of the same size: one t-test against 10."""
    head("gain in deviations", "WIN at 5", "WIN by 10", "WIN by 15", "seeds", "t-test of 15",
         "5, one look", "t-test of 5")  # fmt: skip
    random = np.random.default_rng(7)
    for gain in (0.0, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0):
        after, before = arms(random, NOISES["normal"], DEFAULT)
        looks = list(zip(DEFAULT.looks, DEFAULT.levels, strict=True))
        won = [exceeds(after[:, :n] + gain, before, alpha, 0.0, "welch") for n, alpha in looks]
        by = [won[0], won[0] | won[1], won[0] | won[1] | won[2]]
        trained = 15 - 5 * by[0].mean() - 5 * by[1].mean()
        once = exceeds(after[:, :5] + gain, before, ALPHA, 0.0, "welch")
        row(f"{gain}", *(f"{x.mean():.0%}" for x in by), f"{trained:.1f}", f"{fixed(gain, 15):.0%}",
            f"{once.mean():.0%}", f"{fixed(gain, 5):.0%}")  # fmt: skip


def fixed(gain: float, seeds: int) -> float:
    """Power of the one-sided t-test at 5% with 10 seeds of the baseline, equal deviations of 1."""
    freedom = seeds + 10 - 2
    shift = gain * math.sqrt(seeds * 10 / (seeds + 10))
    return float(stats.nct.sf(special.stdtrit(freedom, 1 - ALPHA), freedom, shift))


def tries() -> None:
    """The probability that any of so many changes without a gain is merged into one baseline."""
    head("confirmation's level", *(f"{k} tries" for k in TRIES))
    rules: dict[str, Callable[[int], float]] = {
        "none: every WIN is merged": lambda _: 1.0,
        "5% always": lambda _: ALPHA,
        "5%, from the fourth try on 5% × 3 / k (ours)": lambda k: confirmation(k, 3),
        "5% / k": lambda k: ALPHA / k,
    }
    for kind in ("normal", "skewed down"):
        won, held, before = searched(NOISES[kind])
        for name, rule in rules.items():
            merged = np.zeros_like(won)
            for k in range(won.shape[1]):
                merged[:, k] = won[:, k]
                if rule(k + 1) < 1:
                    merged[:, k] &= exceeds(held[:, k], before, rule(k + 1), 0.0, "welch")
            by = np.logical_or.accumulate(merged, axis=1).mean(axis=0)
            row(f"{kind}: {name}", *(f"{by[k - 1]:.1%}" for k in TRIES))


TRIES = (1, 5, 20, 50, 100)


def searched(noise: Noise, baselines: int = 2000) -> tuple[Flags, Array, Array]:
    """A hundred tries against each of many baselines: which won, held-out seeds, the baselines."""
    random = np.random.default_rng(7)
    before = noise(random, (baselines, 10))
    won = np.zeros((baselines, TRIES[-1]), dtype=bool)
    for k in range(TRIES[-1]):
        after = noise(random, (baselines, 15))
        won[:, k] = called(after, before, DEFAULT, DEFAULT.levels)
    return won, noise(random, (baselines, TRIES[-1], 3)), before


def confirmed() -> None:
    """How often a real gain passes the confirmation, by tries and held-out seeds."""
    head("gain in deviations", *(f"{h} seeds, try {k}" for h in (3, 5) for k in (1, 10, 40)))
    random = np.random.default_rng(7)
    for gain in (1.0, 1.5, 2.0, 3.0):
        cells = []
        for held_out in (3, 5):
            after, before = arms(random, NOISES["normal"], Plan((held_out,)))
            for k in (1, 10, 40):
                passed = exceeds(after + gain, before, confirmation(k, held_out), 0.0, "welch")
                cells.append(f"{passed.mean():.0%}")
        row(f"{gain}", *cells)


def ratchet(rows: int = 1000, experiments: int = 100) -> None:
    """A hundred experiments without a gain, one behind the other: what is kept, and what it seems.

    Keep-if-better trains one run and keeps it if it is above the best so far. Ours searches,
    confirms, and measures the next baseline with the held-out and seven fresh seeds.
    """
    random = np.random.default_rng(7)
    best, kept = random.standard_normal(rows), np.zeros(rows)
    before, merged = random.standard_normal((rows, 10)), np.zeros(rows)
    seeming, count = np.zeros(rows), np.zeros(rows, dtype=int)
    for _ in range(experiments):
        run = random.standard_normal(rows)
        kept += run > best
        best = np.maximum(best, run)
        count += 1
        won = called(random.standard_normal((rows, 15)), before, DEFAULT, DEFAULT.levels)
        held = random.standard_normal((rows, 3))
        for i in np.flatnonzero(won):
            level_now = confirmation(int(count[i]), 3)
            if exceeds(held[i : i + 1], before[i : i + 1], level_now, 0.0, "welch")[0]:
                merged[i] += 1
                after = np.concatenate([held[i], random.standard_normal(7)])
                seeming[i] += after.mean() - before[i].mean()
                before[i], count[i] = after, 0
    head("rule", "kept of 100", "any kept", "gain that it seems to have", "real gain")
    row("keep if better, one run", f"{kept.mean():.1f}", f"{(kept > 0).mean():.0%}",
        f"{best.mean():+.1f} deviations", "0")  # fmt: skip
    row("ours", f"{merged.mean():.2f}", f"{(merged > 0).mean():.1%}",
        f"{seeming.mean():+.2f} deviations", "0")  # fmt: skip


def choosing() -> None:
    """False wins of 5 v 10 at 5%, by where the choice between Welch and pairs comes from."""
    head("the method is chosen", "correlation 0", "correlation 0.5", "correlation 0.9")
    results: dict[str, list[str]] = {"on the data that is judged": [], "on earlier data": []}
    for correlation in (0.0, 0.5, 0.9):
        random = np.random.default_rng(7)
        plan = Plan((5,))
        after, before = arms(random, NOISES["normal"], plan, correlation)
        earlier = arms(random, NOISES["normal"], plan, correlation)
        won = {m: welch_alone(after, before[:, :5] if m == "paired" else before, ALPHA, 0.0, m)
               for m in METHODS}  # fmt: skip
        for name, seen in zip(results, ((after, before), earlier), strict=True):
            chosen = np.where(alike(*seen) > 0.5, won["paired"], won["welch"])
            results[name].append(f"{chosen.mean():.1%}")
    for name, cells in results.items():
        row(name, *cells)


METHODS: tuple[Method, ...] = ("welch", "paired")


def alike(after: Array, before: Array) -> Array:
    """Correlation over the seeds of each experiment."""
    a = after - after.mean(axis=1, keepdims=True)
    b = before[:, : after.shape[1]]
    b = b - b.mean(axis=1, keepdims=True)
    return np.asarray((a * b).sum(axis=1) / np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)))


def at_the_bound() -> None:
    """False wins of a metric that cannot pass 1.0: the share of a test set that is right."""
    head("accuracy", "test set", "5 v 10", "2 v 10", "5 v 5")
    for share in (0.9, 0.99, 0.999):
        for size in (100, 1000):
            cells = []
            for plan in (Plan((5,)), Plan((2,)), Plan((5,), 5)):
                random = np.random.default_rng(7)
                after = random.binomial(size, share, (EXPERIMENTS, plan.looks[0])) / size
                before = random.binomial(size, share, (EXPERIMENTS, plan.baseline)) / size
                cells.append(f"{called(after, before, plan, plan.levels).mean():.1%}")
            row(f"{share}", f"{size} examples", *cells)


def head(*cells: str) -> None:
    """Begin a Markdown table."""
    row(*cells)
    row(":--", *["--:"] * (len(cells) - 1))


def row(*cells: str) -> None:
    """Write a line of a Markdown table."""
    print("| " + " | ".join(cells) + " |", flush=True)


TABLES = (
    false_verdicts, one_arm_skewed, at_the_bound, choosing, power, ratchet, tries, confirmed,
)  # fmt: skip


def show(tables: Sequence[Callable[[], None]]) -> None:
    """Print every table, each with what it shows."""
    for table in tables:
        assert table.__doc__
        print(f"\n**{table.__doc__.splitlines()[0]}**\n")
        table()


if __name__ == "__main__":
    show(TABLES)
