"""Protected branches: the rules, what they refuse, and what lets a merge through."""

import pytest

from tests.sandbox.github_protection import (
    CI,
    EXPECTED,
    NEEDS_REVIEW,
    ONE_REVIEW,
    RULES,
    open_pull,
    protect,
    refusal,
    report,
)
from tests.sandbox.github_stage import Home

pytest_plugins = ("tests.sandbox.github_fixtures",)


# Setting rules


def test_rules_are_set_shown_and_taken_away(home: Home) -> None:
    branch = home.seen_by("boss").get_branch("main")
    assert not branch.protected
    branch.edit_protection(
        strict=True,
        contexts=["ci", "lint"],
        enforce_admins=True,
        required_approving_review_count=2,
        dismiss_stale_reviews=True,
        user_push_restrictions=["ada"],
        required_linear_history=True,
    )
    rules = branch.get_protection()
    assert (rules.required_status_checks.strict, rules.enforce_admins) == (True, True)
    assert rules.required_status_checks.contexts == ["ci", "lint"]
    assert rules.required_pull_request_reviews.required_approving_review_count == 2
    assert rules.required_pull_request_reviews.dismiss_stale_reviews
    assert (rules.required_linear_history, rules.allow_force_pushes) == (True, False)
    shown = home.seen_by("rita").get_branch("main")
    assert shown.protected
    assert shown.raw_data["protection"]["required_status_checks"]["contexts"] == ["ci", "lint"]
    assert [item["name"] for item in home.ask("GET", "/branches?protected=true", "rita").body] == [
        "main"
    ]
    branch.remove_protection()
    assert not home.seen_by("rita").get_branch("main").protected
    assert home.ask("GET", "/branches/main/protection", "boss").message == "Branch not protected"


def test_only_admins_set_and_see_rules(home: Home) -> None:
    for who in ("mona", "ada", "rita"):
        assert home.ask("PUT", "/branches/main/protection", who, RULES).status == 404
        assert home.ask("GET", "/branches/main/protection", who).status == 404
    job = home.job(contents="write")
    assert home.ask("PUT", "/branches/main/protection", job, RULES).status == 403
    assert home.ask("PUT", "/branches/nope/protection", "boss", RULES).message == "Branch not found"
    assert home.state.protections == {}


@pytest.mark.parametrize("missing", RULES)
def test_rules_must_be_complete(home: Home, missing: str) -> None:
    sent = {name: rule for name, rule in RULES.items() if name != missing}
    reply = home.ask("PUT", "/branches/main/protection", "boss", sent)
    assert (reply.status, f'"{missing}" wasn\'t supplied' in reply.message) == (422, True)


def test_rules_that_the_sandbox_does_not_enforce_are_refused(home: Home) -> None:
    reviews = {"require_code_owner_reviews": True}
    for more in ({"lock_branch": True}, {"required_pull_request_reviews": reviews}):
        reply = home.ask("PUT", "/branches/main/protection", "boss", {**RULES, **more})
        assert (reply.status, "does not enforce" in reply.message) == (422, True)


# Merging


def test_a_required_check_must_pass_first(home: Home) -> None:
    pull = open_pull(home)
    protect(home, required_status_checks=CI)
    pull.update()
    assert (pull.mergeable, pull.mergeable_state) == (True, "blocked")
    assert refusal(home) == EXPECTED
    report(home, pull.head.sha, "pending")
    assert refusal(home) == 'Required status check "ci" is pending.'
    report(home, pull.head.sha, "failure")
    assert refusal(home) == 'Required status check "ci" is failing.'
    report(home, pull.head.sha, "success")
    pull.update()
    assert pull.mergeable_state == "clean"
    assert pull.merge().merged


def test_a_check_of_an_older_head_does_not_count(home: Home) -> None:
    pull = open_pull(home)
    protect(home, required_status_checks=CI)
    report(home, pull.head.sha, "success")
    home.branch("a", {"README.md": "two\n"})
    assert refusal(home) == EXPECTED


@pytest.mark.parametrize(
    ("conclusion", "passes"),
    [("success", True), ("neutral", True), ("skipped", True), ("cancelled", False)],
)
def test_check_runs_count_by_their_conclusion(home: Home, conclusion: str, passes: bool) -> None:
    pull = open_pull(home)
    protect(home, required_status_checks={"strict": False, "checks": [{"context": "ci"}]})
    app = home.seen_by(home.job(checks="write", contents="write"))
    run = app.create_check_run("ci", pull.head.sha, status="in_progress")
    assert refusal(home) == 'Required status check "ci" is in progress.'
    run.edit(status="completed", conclusion=conclusion)
    if passes:
        assert pull.merge().merged
    else:
        assert refusal(home) == 'Required status check "ci" is failing.'


def test_a_check_that_an_app_must_report_is_passed_by_nobody_else(home: Home) -> None:
    pull = open_pull(home)
    job = home.seen_by(home.job(checks="write", contents="write"))
    run = job.create_check_run("lint", pull.head.sha, status="completed", conclusion="success")
    rule = {"strict": False, "checks": [{"context": "ci", "app_id": run.app.id}]}
    protect(home, required_status_checks=rule)
    report(home, pull.head.sha, "success")
    assert refusal(home) == EXPECTED
    job.create_check_run("ci", pull.head.sha, status="completed", conclusion="success")
    assert pull.merge().merged


def test_several_open_checks_are_counted(home: Home) -> None:
    pull = open_pull(home)
    protect(home, required_status_checks={"strict": False, "contexts": ["ci", "lint", "docs"]})
    assert refusal(home) == "3 of 3 required status checks are expected."
    report(home, pull.head.sha, "failure", "ci")
    report(home, pull.head.sha, "success", "docs")
    told = "2 of 3 required status checks have not succeeded: 1 failing and 1 expected."
    assert refusal(home) == told


def test_a_strict_check_counts_on_an_up_to_date_branch_alone(home: Home) -> None:
    pull = open_pull(home)
    protect(home, required_status_checks={**CI, "strict": True})
    report(home, pull.head.sha, "success")
    home.ask("PUT", "/contents/new.txt", "boss", {"message": "m", "content": "eA=="})
    pull.update()
    assert pull.mergeable_state == "behind"
    assert refusal(home) == EXPECTED
    pull.update_branch(pull.head.sha)
    pull.update()
    report(home, pull.head.sha, "success")
    assert pull.merge().merged


def test_a_check_that_nobody_requires_stops_nothing(home: Home) -> None:
    pull = open_pull(home)
    report(home, pull.head.sha, "failure")
    pull.update()
    assert pull.mergeable_state == "unstable"
    assert pull.merge().merged


def test_a_review_by_somebody_who_may_write_is_needed(home: Home) -> None:
    pull = open_pull(home)
    protect(home, required_pull_request_reviews=ONE_REVIEW)
    home.seen_by("rita").get_pull(1).create_review(event="APPROVE")
    pull.update()
    assert pull.mergeable_state == "blocked"
    assert refusal(home) == NEEDS_REVIEW
    home.seen_by("mona").get_pull(1).create_review(body="no", event="REQUEST_CHANGES")
    assert refusal(home) == "1 review requesting changes by reviewers with write access."
    home.seen_by("mona").get_pull(1).create_review(event="APPROVE")
    assert pull.merge().merged


def test_a_push_takes_approvals_back_where_the_rules_say_so(home: Home) -> None:
    pull = open_pull(home)
    protect(home, required_pull_request_reviews={**ONE_REVIEW, "dismiss_stale_reviews": True})
    home.seen_by("mona").get_pull(1).create_review(event="APPROVE")
    home.branch("a", {"README.md": "two\n"})
    assert [review.state for review in pull.get_reviews()] == ["DISMISSED"]
    assert refusal(home) == NEEDS_REVIEW


def test_everything_that_is_missing_is_told(home: Home) -> None:
    open_pull(home)
    protect(home, required_status_checks=CI, required_pull_request_reviews=ONE_REVIEW)
    assert refusal(home) == f"{NEEDS_REVIEW} {EXPECTED}"


def test_admins_pass_by_unless_the_rules_bind_them(home: Home) -> None:
    open_pull(home)
    protect(home, required_status_checks=CI, enforce_admins=True)
    assert refusal(home, "boss") == EXPECTED
    protect(home, required_status_checks=CI)
    assert refusal(home, "mona") == EXPECTED
    assert refusal(home, home.job(contents="write", pull_requests="write")) == EXPECTED
    assert home.seen_by("boss").get_pull(1).merge().merged


def test_a_restricted_branch_is_for_some_alone(home: Home) -> None:
    open_pull(home)
    protect(home, restrictions={"users": ["mona"], "teams": [], "apps": ["github-actions"]})
    assert refusal(home).startswith("You're not authorized to push to this branch.")
    job = home.seen_by(home.job(contents="write", pull_requests="write"))
    assert job.get_pull(1).merge().merged


def test_a_linear_history_has_no_merge_commits(home: Home) -> None:
    pull = open_pull(home)
    protect(home, required_linear_history=True)
    assert refusal(home) == "This branch must not contain merge commits."
    assert pull.merge(merge_method="squash").merged


def test_graphql_merges_by_the_same_rules(home: Home) -> None:
    pull = open_pull(home)
    protect(home, required_status_checks=CI)
    mutation = """mutation ($input: MergePullRequestInput!) {
      mergePullRequest(input: $input) { pullRequest { merged } actor { login } } }"""
    wish = {"pullRequestId": pull.node_id, "mergeMethod": "SQUASH", "commitHeadline": "Wider!"}
    reply = home.hub.graphql("ada", mutation, input=wish)
    (error,) = reply.body["errors"]
    assert (reply.status, error["type"], error["message"]) == (200, "UNPROCESSABLE", EXPECTED)
    report(home, pull.head.sha, "success")
    moved = home.hub.graphql("ada", mutation, input={**wish, "expectedHeadOid": "0" * 40})
    assert "Head branch was modified" in moved.body["errors"][0]["message"]
    merged = home.hub.graphql("ada", mutation, input=wish).body["data"]["mergePullRequest"]
    assert merged == {"pullRequest": {"merged": True}, "actor": {"login": "ada"}}
    assert home.seen_by("ada").get_commit("main").commit.message == "Wider!"
