"""Everything that the tests and the demo said to the sandbox's GitHub, and what it answered."""

import json
from collections import Counter
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from tests.judged.exceptions import EXCEPTIONS, Allowed
from tests.judged.judge import Finding, Judge


@pytest.fixture(scope="module")
def findings(judge: Judge, records: Path) -> Counter[Finding]:
    """Each deviation, and how often it was seen."""
    found: Counter[Finding] = Counter()
    kinds: Counter[str] = Counter()
    for file in records.glob("*.jsonl"):
        for text in file.open(encoding="utf-8"):
            line = json.loads(text)
            kinds["events" if "event" in line else line["path"].split("/")[2]] += 1
            found.update(judge.findings(line))
    print(f"judged {dict(kinds)}")
    assert kinds.keys() >= {"events", "v3", "uploads", "graphql"} or not complete(records)
    return found


def complete(records: Path) -> bool:
    """Whether every test ran: `make test` says so when they all have passed."""
    return (records / "complete").exists()


def fits(allowed: Allowed, finding: Finding) -> bool:
    place = fnmatchcase(finding.place, allowed.place)
    return place and fnmatchcase(finding.what, allowed.what)


def test_github_describes_everything_else_so(findings: Counter[Finding]) -> None:
    assert {
        " ".join(finding): times
        for finding, times in sorted(findings.items())
        if not any(fits(allowed, finding) for allowed in EXCEPTIONS)
    } == {}


@pytest.mark.parametrize("allowed", EXCEPTIONS, ids=lambda allowed: allowed.place)
def test_an_exception_is_still_needed(
    allowed: Allowed, findings: Counter[Finding], records: Path
) -> None:
    if not complete(records):
        pytest.skip("only a part of the tests was recorded")
    assert any(fits(allowed, finding) for finding in findings)
