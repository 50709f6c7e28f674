"""The check on a head: made once, left alone where it is somebody else's."""

import pytest

from tests.contract.hub import SandboxHub


def test_a_check_is_made_once_and_anew_after_a_verdict(sandbox_hub: SandboxHub) -> None:
    commit, forge = sandbox_hub.push("ema", {"a.txt": "a"}), sandbox_hub.forge
    for state in ("queued", "in_progress", "success", "success", "in_progress", "failure"):
        forge.check(commit, state, "title", "summary")
    runs = sandbox_hub.ada.get_commit(commit).get_check_runs(filter="all")
    assert [(run.name, run.conclusion) for run in runs] == [
        ("labhand", "failure"),
        ("labhand", "success"),
    ]


def test_a_check_of_somebody_else_is_left_alone(sandbox_hub: SandboxHub) -> None:
    commit = sandbox_hub.push("ema", {"a.txt": "a"})
    other = sandbox_hub.person(sandbox_hub.token)
    theirs = other.create_check_run("labhand", commit, external_id="ci", status="in_progress")
    sandbox_hub.forge.check(commit, "success", "no experiment", "")
    assert other.get_check_run(theirs.id).status == "in_progress"


def test_a_check_of_somebody_else_can_be_waited_for(sandbox_hub: SandboxHub) -> None:
    commit, forge = sandbox_hub.push("ema", {"a.txt": "a"}), sandbox_hub.forge
    assert forge.check_state(commit, "build") is None
    other = sandbox_hub.person(sandbox_hub.token)
    build = other.create_check_run("build", commit, status="in_progress")
    other.create_check_run("lint", commit, status="completed", conclusion="success")
    assert forge.check_state(commit, "build") == "in_progress"
    build.edit(status="completed", conclusion="timed_out")
    assert forge.check_state(commit, "build") == "failure"
    other.create_check_run("build", commit, status="queued")
    assert forge.check_state(commit, "build") == "queued"
    other.create_check_run("build", commit, status="completed", conclusion="success")
    assert forge.check_state(commit, "build") == "success"


def test_what_is_too_long_for_a_check_is_cut(sandbox_hub: SandboxHub) -> None:
    commit = sandbox_hub.push("ema", {"a.txt": "a"})
    sandbox_hub.forge.check(commit, "failure", "t" * 300, "s" * 70_000)
    state, title, summary = sandbox_hub.check(commit)
    assert (state, len(title), len(summary)) == ("failure", 250, 65_535)


def test_without_the_right_to_checks_everything_else_goes_on(
    sandbox_hub: SandboxHub, caplog: pytest.LogCaptureFixture
) -> None:
    commit = sandbox_hub.push("ema", {"a.txt": "a"})
    token = sandbox_hub.server.job_token(sandbox_hub.name, {"contents": "write"})
    sandbox_hub.client(token=token).check(commit, "success", "WIN", "")
    assert f"no check on {commit[:7]}" in caplog.text
