"""A protected branch for tests: its rules, a pull request to it, and what is said against it."""

from typing import Any

import pytest
from github import GithubException
from github.PullRequest import PullRequest

from tests.sandbox.github_stage import Home

NEEDS_PULL = "Changes must be made through a pull request."
NEEDS_REVIEW = "At least 1 approving review is required by reviewers with write access."
EXPECTED = 'Required status check "ci" is expected.'
RULES = {
    "required_status_checks": None,
    "enforce_admins": False,
    "required_pull_request_reviews": None,
    "restrictions": None,
}
CI = {"strict": False, "contexts": ["ci"]}
ONE_REVIEW = {"required_approving_review_count": 1}


def protect(home: Home, **rules: Any) -> None:
    reply = home.ask("PUT", "/branches/main/protection", "boss", {**RULES, **rules})
    assert reply.status == 200, reply.body


def open_pull(home: Home) -> PullRequest:
    home.branch("a", {"README.md": "one\n"})
    return home.seen_by("ada").create_pull(base="main", head="a", title="Wider")


def main_tip(home: Home) -> str:
    return home.state.git.refs["refs/heads/main"]


def report(home: Home, sha: str, state: str, context: str = "ci") -> None:
    home.seen_by("ada").get_commit(sha).create_status(state, context=context)


def refusal(home: Home, who: str = "ada", method: str = "merge") -> str:
    """What GitHub says against the merge of the first pull request."""
    before = main_tip(home)
    with pytest.raises(GithubException) as refused:
        home.seen_by(who).get_pull(1).merge(merge_method=method)
    assert (refused.value.status, main_tip(home)) == (405, before)
    return str(refused.value.data["message"])
