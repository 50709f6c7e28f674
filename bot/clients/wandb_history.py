"""What W&B's runs logged over time, in one request per run where that can be exact."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from bot.clients.wandb_connection import Connection, answered
from bot.core.runs import Point, is_finite, thinned

SAMPLES = 10_000
"""Rows of one metric that are asked for at once: W&B gives all of them if there are no more."""
SURELY = 1_000
"""Rows that W&B gives at once whatever its limit is: the page of the SDK's own scan."""
MOST_ROWS = 100_000
"""Rows of a longer curve that are read in one request, in stretches of what W&B gives at once."""
QUERY = """
query RunSampledHistory(
  $entity: String!, $project: String!, $name: String!, $specs: [JSONString!]!
) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { sampledHistory(specs: $specs) }
  }
}
"""
"""The SDK's `history` takes keys of the same row only, its `scan_history` asks page by page."""

Spec = dict[str, Any]


class Histories(Connection):
    """Curves of the runs of one project."""

    @answered
    def curves(
        self, run_id: str, keys: Sequence[str], whole: Collection[str] = ()
    ) -> Mapping[str, tuple[Point, ...]]:
        run = self._sampled(run_id, [_spec(key) for key in keys], "historyKeys")
        if run is None:
            return {}
        logged, lists = run["historyKeys"] or {}, run["sampledHistory"]
        found = {}
        for key, rows in zip(keys, lists, strict=True):
            points = _points(key, rows)
            if key in whole and _is_sampled(logged, key, len(rows)):
                last, width = int(logged.get("lastStep", 0)), max(len(rows), SURELY)
                points = self._all(run_id, key, last, width)
            if points:
                found[key] = thinned(points)
        return found

    def _sampled(self, run_id: str, specs: list[Spec], also: str = "") -> dict[str, Any] | None:
        """For each of the specs its rows, and another field of the run; None if it is gone."""
        given = {
            "entity": self._entity,
            "project": self._project,
            "name": run_id,
            "specs": [json.dumps(spec) for spec in specs],
        }
        query = QUERY.replace("sampledHistory", f"{also} sampledHistory")
        project: dict[str, Any] = self._service.execute_graphql(query, given)["project"] or {}
        return project.get("run")

    def _all(self, run_id: str, key: str, last: int, width: int) -> tuple[Point, ...]:
        """Every row of a curve, read in stretches of so many steps as W&B gives rows at once."""
        stretches = (
            {**_spec(key), "minStep": first, "maxStep": first + width - 1, "samples": width}
            for first in range(0, last + 1, width)
        )
        found: list[Point] = []
        while specs := list(islice(stretches, MOST_ROWS // width)):
            run = self._sampled(run_id, specs) or {}
            found += thinned(_points(key, chain.from_iterable(run.get("sampledHistory", []))))
        return tuple(found)


def _spec(key: str) -> Spec:
    return {"keys": ["_step", key], "samples": SAMPLES}


def _is_sampled(logged: Mapping[str, Any], key: str, rows: int) -> bool:
    """Whether there is more than W&B gave: as much as was asked for, or less than was logged."""
    counts = (logged.get("keys") or {}).get(key, {}).get("typeCounts") or []
    return rows >= SAMPLES or 0 < rows < sum(each.get("count", 0) for each in counts)


def _points(key: str, rows: Iterable[Mapping[str, object]]) -> tuple[Point, ...]:
    """The rows whose value is finite, in the order of their steps."""
    found = ((row.get("_step"), row.get(key)) for row in rows)
    return tuple(sorted((s, v) for s, v in found if is_finite(s) and is_finite(v)))
