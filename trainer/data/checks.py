"""What must be true of the data before anything is trained on it."""

import hashlib
from dataclasses import dataclass
from itertools import combinations

from trainer.data.dataset import Dataset, Split, count
from trainer.health import DataError
from trainer.schema import Checks

EXAMPLES = 5
"""Unreadable files that a message names."""


@dataclass(frozen=True)
class Finding:
    """One check: what was found, what is allowed, and the setting that allows it."""

    setting: str
    found: float
    limit: float
    passed: bool

    def row(self) -> str:
        """One line of the table."""
        name, verdict = f"data.checks.{self.setting}", "ok" if self.passed else "FAILED"
        return f"{name:<28}{self.found:<10.4g}{self.limit:<10.4g}{verdict}"


def check(dataset: Dataset, limits: Checks) -> list[Finding]:
    """Looks at everything; what it finds stands in the order in which it is worth reading."""
    counts = count(dataset.train, len(dataset.spec.classes))
    names = {name: _names(split) for name, split in dataset.splits.items()}
    images = max(len(dataset.train), 1)
    found = {
        "max_unreadable": len(dataset.unreadable),
        "max_imbalance": max(counts) / max(min(counts), 1),
        "min_per_class": min(counts),
        "min_val_share": len(dataset.validation) / images,
        "max_duplicates": (len(names["train"]) - len(set(names["train"]))) / images,
        "max_leaked": len(_shared(dataset, names)),
    }
    findings = []
    for setting, value in found.items():
        limit = getattr(limits, setting)
        passed = value <= limit if setting.startswith("max") else value >= limit
        findings.append(Finding(setting, value, limit, passed))
    return findings


def require(dataset: Dataset, limits: Checks) -> str:
    """The table of all checks.

    Raises:
        DataError: A check failed; the message holds the table and names the worst files.
    """
    findings = check(dataset, limits)
    heading = f"{'check':<28}{'found':<10}{'limit':<10}"
    table = "\n".join([heading, *(finding.row() for finding in findings)])
    if all(finding.passed for finding in findings):
        return table
    files = "".join(f"\nunreadable: {name}" for name in dataset.unreadable[:EXAMPLES])
    raise DataError(f"the data is not fit to train on\n{table}{files}")


def _names(split: Split) -> list[bytes]:
    """A name for each image's content: equal images have equal names."""
    return [
        hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in split.images.numpy()
    ]


def _shared(dataset: Dataset, names: dict[str, list[bytes]]) -> set[object]:
    """Images and sources that are in more than one split."""
    shared: set[object] = set()
    for one, other in combinations(dataset.splits, 2):
        sources = (set(dataset.splits[name].sources.tolist()) for name in (one, other))
        shared |= set.intersection(*sources)
        shared |= set(names[one]) & set(names[other])
    return shared
