"""Statuses and check suites: how they are combined, and who reports them."""

from tests.sandbox.github_protection import main_tip, report
from tests.sandbox.github_stage import Home

pytest_plugins = ("tests.sandbox.github_fixtures",)


def test_statuses_are_combined(home: Home) -> None:
    repo, sha = home.seen_by("ada"), main_tip(home)
    assert repo.get_commit(sha).get_combined_status().state == "pending"
    report(home, sha, "success", "lint")
    report(home, sha, "pending", "ci")
    assert repo.get_commit(sha).get_combined_status().state == "pending"
    report(home, sha, "error", "ci")
    report(home, sha, "success", "ci")
    combined = repo.get_commit(sha).get_combined_status()
    assert (combined.state, combined.total_count) == ("success", 2)
    every = [(status.context, status.state) for status in repo.get_commit(sha).get_statuses()]
    assert every[0] == ("ci", "success")
    assert len(every) == 4
    assert [item.payload["state"] for item in home.deliveries if item.event == "status"] == [
        *("success", "pending", "error", "success")
    ]


def test_only_writers_report_statuses(home: Home) -> None:
    path, body = f"/statuses/{main_tip(home)}", {"state": "success", "context": "ci"}
    for who in ("tess", "rita", "stranger"):
        assert home.ask("POST", path, who, body).status == 404
    assert home.ask("POST", path, home.job(contents="write"), body).status == 403
    assert home.ask("POST", path, home.job(statuses="write"), body).status == 201
    assert home.ask("POST", path, "ada", {"state": "good"}).status == 422
    assert home.ask("POST", f"/statuses/{'0' * 40}", "ada", body).status == 422


def test_a_suite_holds_the_check_runs_of_an_app(home: Home) -> None:
    repo, sha = home.seen_by(home.job(checks="write", contents="read")), main_tip(home)
    done = repo.create_check_run("ci", sha, status="completed", conclusion="success")
    repo.create_check_run("lint", sha, status="completed", conclusion="failure")
    (suite,) = repo.get_commit(sha).get_check_suites()
    assert (suite.status, suite.conclusion, suite.head_branch) == ("completed", "failure", "main")
    assert done.raw_data["check_suite"]["id"] == suite.id
    repo.create_check_run("docs", sha)
    (suite,) = repo.get_commit(sha).get_check_suites()
    assert (suite.status, suite.conclusion) == ("in_progress", None)
