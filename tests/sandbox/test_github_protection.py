"""Protected branches: what is refused, on every way to them, and what lets a merge through."""

from pathlib import Path
from typing import Any

import pytest
from github import GithubException
from github.PullRequest import PullRequest

from tests.sandbox.github_stage import Home, git

pytest_plugins = ("tests.sandbox.github_fixtures",)

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


def _protect(home: Home, **rules: Any) -> None:
    reply = home.ask("PUT", "/branches/main/protection", "boss", {**RULES, **rules})
    assert reply.status == 200, reply.body


def _pull(home: Home) -> PullRequest:
    home.branch("a", {"README.md": "one\n"})
    return home.seen_by("ada").create_pull(base="main", head="a", title="Wider")


def _main(home: Home) -> str:
    return home.state.git.refs["refs/heads/main"]


def _report(home: Home, sha: str, state: str, context: str = "ci") -> None:
    home.seen_by("ada").get_commit(sha).create_status(state, context=context)


def _refused(home: Home, who: str = "ada", method: str = "merge") -> str:
    """What GitHub says against the merge of the first pull request."""
    before = _main(home)
    with pytest.raises(GithubException) as refused:
        home.seen_by(who).get_pull(1).merge(merge_method=method)
    assert (refused.value.status, _main(home)) == (405, before)
    return str(refused.value.data["message"])


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
    pull = _pull(home)
    _protect(home, required_status_checks=CI)
    pull.update()
    assert (pull.mergeable, pull.mergeable_state) == (True, "blocked")
    assert _refused(home) == EXPECTED
    _report(home, pull.head.sha, "pending")
    assert _refused(home) == 'Required status check "ci" is pending.'
    _report(home, pull.head.sha, "failure")
    assert _refused(home) == 'Required status check "ci" is failing.'
    _report(home, pull.head.sha, "success")
    pull.update()
    assert pull.mergeable_state == "clean"
    assert pull.merge().merged


def test_a_check_of_an_older_head_does_not_count(home: Home) -> None:
    pull = _pull(home)
    _protect(home, required_status_checks=CI)
    _report(home, pull.head.sha, "success")
    home.branch("a", {"README.md": "two\n"})
    assert _refused(home) == EXPECTED


@pytest.mark.parametrize(
    ("conclusion", "passes"),
    [("success", True), ("neutral", True), ("skipped", True), ("cancelled", False)],
)
def test_check_runs_count_by_their_conclusion(home: Home, conclusion: str, passes: bool) -> None:
    pull = _pull(home)
    _protect(home, required_status_checks={"strict": False, "checks": [{"context": "ci"}]})
    app = home.seen_by(home.job(checks="write", contents="write"))
    run = app.create_check_run("ci", pull.head.sha, status="in_progress")
    assert _refused(home) == 'Required status check "ci" is in progress.'
    run.edit(status="completed", conclusion=conclusion)
    if passes:
        assert pull.merge().merged
    else:
        assert _refused(home) == 'Required status check "ci" is failing.'


def test_a_check_that_an_app_must_report_is_passed_by_nobody_else(home: Home) -> None:
    pull = _pull(home)
    job = home.seen_by(home.job(checks="write", contents="write"))
    run = job.create_check_run("lint", pull.head.sha, status="completed", conclusion="success")
    rule = {"strict": False, "checks": [{"context": "ci", "app_id": run.app.id}]}
    _protect(home, required_status_checks=rule)
    _report(home, pull.head.sha, "success")
    assert _refused(home) == EXPECTED
    job.create_check_run("ci", pull.head.sha, status="completed", conclusion="success")
    assert pull.merge().merged


def test_several_open_checks_are_counted(home: Home) -> None:
    pull = _pull(home)
    _protect(home, required_status_checks={"strict": False, "contexts": ["ci", "lint", "docs"]})
    assert _refused(home) == "3 of 3 required status checks are expected."
    _report(home, pull.head.sha, "failure", "ci")
    _report(home, pull.head.sha, "success", "docs")
    told = "2 of 3 required status checks have not succeeded: 1 failing and 1 expected."
    assert _refused(home) == told


def test_a_strict_check_counts_on_an_up_to_date_branch_alone(home: Home) -> None:
    pull = _pull(home)
    _protect(home, required_status_checks={**CI, "strict": True})
    _report(home, pull.head.sha, "success")
    home.ask("PUT", "/contents/new.txt", "boss", {"message": "m", "content": "eA=="})
    pull.update()
    assert pull.mergeable_state == "behind"
    assert _refused(home) == EXPECTED
    pull.update_branch(pull.head.sha)
    pull.update()
    _report(home, pull.head.sha, "success")
    assert pull.merge().merged


def test_a_check_that_nobody_requires_stops_nothing(home: Home) -> None:
    pull = _pull(home)
    _report(home, pull.head.sha, "failure")
    pull.update()
    assert pull.mergeable_state == "unstable"
    assert pull.merge().merged


def test_a_review_by_somebody_who_may_write_is_needed(home: Home) -> None:
    pull = _pull(home)
    _protect(home, required_pull_request_reviews=ONE_REVIEW)
    home.seen_by("rita").get_pull(1).create_review(event="APPROVE")
    pull.update()
    assert pull.mergeable_state == "blocked"
    assert _refused(home) == NEEDS_REVIEW
    home.seen_by("mona").get_pull(1).create_review(body="no", event="REQUEST_CHANGES")
    assert _refused(home) == "1 review requesting changes by reviewers with write access."
    home.seen_by("mona").get_pull(1).create_review(event="APPROVE")
    assert pull.merge().merged


def test_a_push_takes_approvals_back_where_the_rules_say_so(home: Home) -> None:
    pull = _pull(home)
    _protect(home, required_pull_request_reviews={**ONE_REVIEW, "dismiss_stale_reviews": True})
    home.seen_by("mona").get_pull(1).create_review(event="APPROVE")
    home.branch("a", {"README.md": "two\n"})
    assert [review.state for review in pull.get_reviews()] == ["DISMISSED"]
    assert _refused(home) == NEEDS_REVIEW


def test_everything_that_is_missing_is_told(home: Home) -> None:
    _pull(home)
    _protect(home, required_status_checks=CI, required_pull_request_reviews=ONE_REVIEW)
    assert _refused(home) == f"{NEEDS_REVIEW} {EXPECTED}"


def test_admins_pass_by_unless_the_rules_bind_them(home: Home) -> None:
    _pull(home)
    _protect(home, required_status_checks=CI, enforce_admins=True)
    assert _refused(home, "boss") == EXPECTED
    _protect(home, required_status_checks=CI)
    assert _refused(home, "mona") == EXPECTED
    assert _refused(home, home.job(contents="write", pull_requests="write")) == EXPECTED
    assert home.seen_by("boss").get_pull(1).merge().merged


def test_a_restricted_branch_is_for_some_alone(home: Home) -> None:
    _pull(home)
    _protect(home, restrictions={"users": ["mona"], "teams": [], "apps": ["github-actions"]})
    assert _refused(home).startswith("You're not authorized to push to this branch.")
    job = home.seen_by(home.job(contents="write", pull_requests="write"))
    assert job.get_pull(1).merge().merged


def test_a_linear_history_has_no_merge_commits(home: Home) -> None:
    pull = _pull(home)
    _protect(home, required_linear_history=True)
    assert _refused(home) == "This branch must not contain merge commits."
    assert pull.merge(merge_method="squash").merged


def test_graphql_merges_by_the_same_rules(home: Home) -> None:
    pull = _pull(home)
    _protect(home, required_status_checks=CI)
    mutation = """mutation ($input: MergePullRequestInput!) {
      mergePullRequest(input: $input) { pullRequest { merged } actor { login } } }"""
    wish = {"pullRequestId": pull.node_id, "mergeMethod": "SQUASH", "commitHeadline": "Wider!"}
    reply = home.hub.graphql("ada", mutation, input=wish)
    (error,) = reply.body["errors"]
    assert (reply.status, error["type"], error["message"]) == (200, "UNPROCESSABLE", EXPECTED)
    _report(home, pull.head.sha, "success")
    moved = home.hub.graphql("ada", mutation, input={**wish, "expectedHeadOid": "0" * 40})
    assert "Head branch was modified" in moved.body["errors"][0]["message"]
    merged = home.hub.graphql("ada", mutation, input=wish).body["data"]["mergePullRequest"]
    assert merged == {"pullRequest": {"merged": True}, "actor": {"login": "ada"}}
    assert home.seen_by("ada").get_commit("main").commit.message == "Wider!"


# Other ways onto the branch


def test_files_are_not_written_past_the_rules(home: Home) -> None:
    _protect(home, required_pull_request_reviews=ONE_REVIEW)
    repo, before = home.seen_by("ada"), _main(home)
    old = repo.get_contents("README.md")
    with pytest.raises(GithubException, match="Could not create file: Changes must") as refused:
        repo.create_file("new.txt", "m", "x")
    assert refused.value.status == 409
    with pytest.raises(GithubException, match="Could not update file: Changes must"):
        repo.update_file("README.md", "m", "x", old.sha)
    with pytest.raises(GithubException, match="Could not delete file: Changes must"):
        repo.delete_file("README.md", "m", old.sha)
    assert _main(home) == before
    assert home.seen_by("boss").create_file("new.txt", "m", "x")["commit"].sha == _main(home)


def test_refs_are_not_moved_past_the_rules(home: Home) -> None:
    _protect(home, required_pull_request_reviews=ONE_REVIEW, required_status_checks=CI)
    tip, before = home.branch("a", {"README.md": "one\n"}), _main(home)
    ref = home.seen_by("ada").get_git_ref("heads/main")
    with pytest.raises(GithubException) as refused:
        ref.edit(tip)
    assert refused.value.status == 422
    assert refused.value.data["message"] == f"{NEEDS_PULL} {EXPECTED}"
    assert _main(home) == before


def test_nobody_forces_or_deletes_a_protected_branch(home: Home) -> None:
    start = _main(home)
    home.branch("release", {"README.md": "one\n"})
    tip = home.branch("release", {"README.md": "two\n"})
    path = "/branches/release/protection"
    home.ask("PUT", path, "boss", RULES)
    ref = home.seen_by("boss").get_git_ref("heads/release")
    with pytest.raises(GithubException, match="Cannot force-push to this branch"):
        ref.edit(start, force=True)
    with pytest.raises(GithubException, match="Cannot delete this branch"):
        ref.delete()
    assert home.state.git.refs["refs/heads/release"] == tip
    home.ask("PUT", path, "boss", {**RULES, "allow_force_pushes": True, "allow_deletions": True})
    ref.edit(start, force=True)
    ref.delete()
    assert "refs/heads/release" not in home.state.git.refs


def test_graphql_does_not_commit_past_the_rules(home: Home) -> None:
    _protect(home, required_pull_request_reviews=ONE_REVIEW)
    before, changes = _main(home), {"deletions": [{"path": "README.md"}]}
    for who in ("ada", home.job(contents="write")):
        reply = home.commit(who, "main", before, changes, "Mine")
        (error,) = reply.body["errors"]
        assert (error["type"], error["message"]) == ("BRANCH_PROTECTION_RULE_VIOLATION", NEEDS_PULL)
    assert _main(home) == before


def test_a_commit_whose_checks_passed_may_be_pushed(home: Home) -> None:
    _protect(home, required_status_checks=CI)
    tip = home.branch("a", {"README.md": "one\n"})
    ref = home.seen_by("ada").get_git_ref("heads/main")
    with pytest.raises(GithubException, match="is expected"):
        ref.edit(tip)
    _report(home, tip, "success")
    ref.edit(tip)
    assert _main(home) == tip


# Pushing by git


def _clone(home: Home, folder: Path, who: str, password: str = "") -> Path:
    secret = home.hub.tokens.get(who, password)
    plain = home.hub.github.url.removeprefix("http://")
    done = git(folder, "clone", "-q", f"http://{who}:{secret}@{plain}/{home.name}.git", "work")
    assert done.returncode == 0, done.stderr
    return folder / "work"


def _write(work: Path, name: str) -> str:
    (work / name).parent.mkdir(parents=True, exist_ok=True)
    (work / name).write_text("x\n")
    git(work, "add", "--all")
    git(work, "commit", "-q", "-m", f"Write {name}")
    return git(work, "rev-parse", "HEAD").stdout.strip()


def test_git_is_told_why_and_other_branches_move(home: Home, tmp_path: Path) -> None:
    _protect(home, required_pull_request_reviews=ONE_REVIEW, required_status_checks=CI)
    work, before = _clone(home, tmp_path, "ada"), _main(home)
    tip = _write(work, "a.txt")
    pushed = git(work, "push", "origin", "HEAD:main", "HEAD:refs/heads/other")
    assert pushed.returncode != 0
    lines = [line.strip() for line in pushed.stderr.splitlines()]
    assert "remote: error: GH006: Protected branch update failed for refs/heads/main." in lines
    assert f"remote: - {NEEDS_PULL}" in lines
    assert f"remote: - {EXPECTED}" in lines
    assert "! [remote rejected] HEAD -> main (protected branch hook declined)" in lines
    assert (_main(home), home.state.git.refs["refs/heads/other"]) == (before, tip)
    assert home.events() == [("push", None), ("create", None)]


def test_git_does_not_force_but_goes_on(home: Home, tmp_path: Path) -> None:
    home.branch("release", {"README.md": "one\n"})
    home.ask("PUT", "/branches/release/protection", "boss", RULES)
    work = _clone(home, tmp_path, "boss")
    git(work, "checkout", "-q", "release")
    tip = _write(work, "a.txt")
    assert git(work, "push", "-q", "origin", "release").returncode == 0
    git(work, "commit", "-q", "--amend", "-m", "Another")
    forced = git(work, "push", "--force", "origin", "release")
    assert "Cannot force-push to this branch" in forced.stderr
    deleted = git(work, "push", "origin", ":release")
    assert "Cannot delete this branch" in deleted.stderr
    assert home.state.git.refs["refs/heads/release"] == tip


def test_git_does_not_bring_workflows_with_a_jobs_token(home: Home, tmp_path: Path) -> None:
    work = _clone(home, tmp_path, "x-access-token", home.job(contents="write"))
    _write(work, ".github/workflows/ci.yml")
    pushed = git(work, "push", "origin", "HEAD:by-job")
    assert "refusing to allow a GitHub App to create or update workflow" in pushed.stderr
    assert "refs/heads/by-job" not in home.state.git.refs


# Statuses and suites


def test_statuses_are_combined(home: Home) -> None:
    repo, sha = home.seen_by("ada"), _main(home)
    assert repo.get_commit(sha).get_combined_status().state == "pending"
    _report(home, sha, "success", "lint")
    _report(home, sha, "pending", "ci")
    assert repo.get_commit(sha).get_combined_status().state == "pending"
    _report(home, sha, "error", "ci")
    _report(home, sha, "success", "ci")
    combined = repo.get_commit(sha).get_combined_status()
    assert (combined.state, combined.total_count) == ("success", 2)
    every = [(status.context, status.state) for status in repo.get_commit(sha).get_statuses()]
    assert every[0] == ("ci", "success")
    assert len(every) == 4
    assert [item.payload["state"] for item in home.deliveries if item.event == "status"] == [
        *("success", "pending", "error", "success")
    ]


def test_only_writers_report_statuses(home: Home) -> None:
    path, body = f"/statuses/{_main(home)}", {"state": "success", "context": "ci"}
    for who in ("tess", "rita", "stranger"):
        assert home.ask("POST", path, who, body).status == 404
    assert home.ask("POST", path, home.job(contents="write"), body).status == 403
    assert home.ask("POST", path, home.job(statuses="write"), body).status == 201
    assert home.ask("POST", path, "ada", {"state": "good"}).status == 422
    assert home.ask("POST", f"/statuses/{'0' * 40}", "ada", body).status == 422


def test_a_suite_holds_the_check_runs_of_an_app(home: Home) -> None:
    repo, sha = home.seen_by(home.job(checks="write", contents="read")), _main(home)
    done = repo.create_check_run("ci", sha, status="completed", conclusion="success")
    repo.create_check_run("lint", sha, status="completed", conclusion="failure")
    (suite,) = repo.get_commit(sha).get_check_suites()
    assert (suite.status, suite.conclusion, suite.head_branch) == ("completed", "failure", "main")
    assert done.raw_data["check_suite"]["id"] == suite.id
    repo.create_check_run("docs", sha)
    (suite,) = repo.get_commit(sha).get_check_suites()
    assert (suite.status, suite.conclusion) == ("in_progress", None)
