"""GitHub through PyGithub: what only the real thing can get wrong, on the sandbox."""

import subprocess
from typing import Any

import pytest

from bot.core.book import asked
from bot.core.ledger import Ledger
from bot.errors import UserError
from bot.ports import FileChange, Outage
from bot.sandbox.faults import Fault, Faults
from tests.contract.hub import EXPERIMENT, OWN_RUN, Interference, SandboxHub, head

ASSETS = {"baseline.json": "{}\n", "runs.csv": "seed\n1\n"}


def test_a_rename_names_both_places(sandbox_hub: SandboxHub) -> None:
    forge, text = sandbox_hub.forge, "def dice():\n    return 1\n"
    tip = sandbox_hub.push("move", {"src/metrics/dice.py": None, "src/dice.py": text})
    change = forge.compare(head(forge), tip)
    assert FileChange("src/dice.py", 0, 0) in change.files
    assert "src/metrics/dice.py" in {file.path for file in change.files}


def test_folders_and_binary_files_are_no_text(sandbox_hub: SandboxHub) -> None:
    assert sandbox_hub.forge.file("src", "main") is None
    with pytest.raises(UserError, match="no text"):
        sandbox_hub.forge.file("logo.bin", "main")


def test_what_is_not_there_is_named(sandbox_hub: SandboxHub) -> None:
    number = sandbox_hub.open_issue("No PR")
    with pytest.raises(UserError, match="no pull request"):
        sandbox_hub.forge.pull(number)
    with pytest.raises(UserError, match="no issue"):
        sandbox_hub.forge.issue(9999)


def test_the_bot_speaks_for_itself(sandbox_hub: SandboxHub) -> None:
    place = sandbox_hub.open_issue("Averaging")
    sandbox_hub.forge.say(place, "help", "text")
    (seen,) = sandbox_hub.comments(place)
    assert (seen.author, seen.body) == ("github-actions[bot]", "text\n\n<!-- labhand:help -->")


def test_a_marker_of_somebody_else_is_not_trusted(sandbox_hub: SandboxHub) -> None:
    place = sandbox_hub.open_issue("Averaging")
    sandbox_hub.ada.get_issue(place).create_comment("WIN!\n\n<!-- labhand:report:1 -->")
    said = sandbox_hub.forge.say(place, "report:1", "### LOSS")
    assert [c.author for c in sandbox_hub.comments(place)] == ["ada", "github-actions[bot]"]
    assert sandbox_hub.forge.say(place, "report:1", "### LOSS") == said


def test_a_marker_in_the_text_is_only_text(sandbox_hub: SandboxHub) -> None:
    place = sandbox_hub.open_issue("Averaging")
    quoted = sandbox_hub.forge.say(place, "log", "the log said\n<!-- labhand:report:1 -->")
    report = sandbox_hub.forge.say(place, "report:1", "### LOSS")
    assert report != quoted
    sandbox_hub.forge.edit(quoted, "log", "now\n<!-- labhand:report:1 -->")
    assert sandbox_hub.forge.say(place, "report:1", "### LOSS") == report
    assert sandbox_hub.forge.say(place, "log", "") == quoted


def test_its_comment_is_found_on_a_later_page(sandbox_hub: SandboxHub) -> None:
    place = sandbox_hub.open_issue("Averaging")
    issue = sandbox_hub.ada.get_issue(place)
    for number in range(101):
        issue.create_comment(str(number))
    first = sandbox_hub.forge.say(place, "report:1", "### LOSS")
    assert sandbox_hub.client().say(place, "report:1", "### LOSS") == first
    assert len(sandbox_hub.comments(place)) == 102


def test_of_two_comments_the_first_stays(
    sandbox_hub: SandboxHub, interference: Interference
) -> None:
    """Two jobs look, find nothing, and both write: the listing behind the write finds it out."""
    place = sandbox_hub.open_issue("Averaging")
    other, met = sandbox_hub.person(sandbox_hub.token), []

    def interfere() -> None:
        if not met:
            met.append(other.get_issue(place).create_comment("theirs\n\n<!-- labhand:x -->").id)

    interference.before["POST", f"/issues/{place}/comments"] = interfere
    assert sandbox_hub.forge.say(place, "x", "mine") == met[0]
    assert [c.id for c in sandbox_hub.comments(place)] == met


def test_comments_fold_away_and_get_reactions(sandbox_hub: SandboxHub) -> None:
    place = sandbox_hub.open_issue("Averaging")
    old = sandbox_hub.forge.say(place, "report:1", "### LOSS")
    for _ in range(2):
        sandbox_hub.forge.minimize(old)
        sandbox_hub.forge.react(old, "rocket")
    comment = sandbox_hub.server.repository(sandbox_hub.name).comments[old]
    assert comment.minimized_reason == "outdated"
    assert [reaction.content for reaction in comment.reactions] == ["rocket"]


def test_a_comment_that_somebody_deleted_stays_deleted(sandbox_hub: SandboxHub) -> None:
    place, forge = sandbox_hub.open_issue("Averaging"), sandbox_hub.forge
    gone = forge.say(place, "progress", "0 of 3")
    sandbox_hub.ada.get_issue(place).get_comment(gone).delete()
    forge.edit(gone, "progress", "3 of 3")
    forge.minimize(gone)
    forge.react(gone, "eyes")
    assert forge.said(gone) == ""
    assert sandbox_hub.comments(place) == []


def test_the_lab_book_tells_its_history(sandbox_hub: SandboxHub) -> None:
    forge = sandbox_hub.forge
    first = forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "#7: picked")
    told = asked("#7: ada launches attempt 1", "ada", 77)
    forge.write_ledger(first, first.put(EXPERIMENT.but(title="b")), told)
    commits = list(sandbox_hub.ada.get_commits(sha="labbook"))
    messages = [commit.commit.message for commit in commits]
    run = f"Labhand-Workflow-Run: {OWN_RUN}"
    who = "Labhand-Asked-By: ada\nLabhand-Comment: 77"
    assert messages == [
        f"#7: ada launches attempt 1\n\n[skip ci]\n\n{who}\n{run}\nLabhand-Decision: 2",
        f"#7: picked\n\n[skip ci]\n\n{run}\nLabhand-Decision: 1",
    ]
    git = ["git", "interpret-trailers", "--parse"]
    found = subprocess.run(git, input=messages[0], capture_output=True, text=True, check=True)
    assert found.stdout == f"{who}\n{run}\nLabhand-Decision: 2\n"
    assert commits[-1].parents == []
    assert "lab book" in (forge.file("README.md", "labbook") or "")
    assert forge.file("conf/config.yaml", "labbook") is None


def test_what_is_closed_is_no_part_of_what_was_written(sandbox_hub: SandboxHub) -> None:
    forge = sandbox_hub.forge
    first = forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "picked")
    closed = first.put(EXPERIMENT.but(phase="released"), EXPERIMENT.but(number=8))
    assert forge.write_ledger(first, closed, "released") == forge.read_ledger()


def test_a_file_that_graphql_cuts_off_is_read_whole(sandbox_hub: SandboxHub) -> None:
    forge = sandbox_hub.forge
    long = EXPERIMENT.but(written="ä" * 300_000)
    assert forge.write_ledger(Ledger(None), Ledger(None).put(long), "picked") == forge.read_ledger()


def test_a_spoilt_lab_book_is_named(sandbox_hub: SandboxHub) -> None:
    forge = sandbox_hub.forge
    forge.write_ledger(Ledger(None), Ledger(None).put(EXPERIMENT), "picked")
    sandbox_hub.push("labbook", {"ledger/open/7.json": "{"})
    with pytest.raises(UserError, match=r"ledger/open/7\.json"):
        forge.read_ledger()


def test_the_pull_is_a_draft_for_its_author(sandbox_hub: SandboxHub) -> None:
    sandbox_hub.push("exp/7-ema", {"a.txt": "a"})
    number = sandbox_hub.forge.open_pull("exp/7-ema", "EMA", "Closes #7", "ada")
    pull = sandbox_hub.ada.get_pull(number)
    assert (pull.draft, pull.body, pull.base.ref) == (True, "Closes #7", "main")
    assert [person.login for person in pull.assignees] == ["ada"]


def test_an_author_who_cannot_be_assigned_is_left_out(sandbox_hub: SandboxHub) -> None:
    sandbox_hub.push("exp/7-ema", {"a.txt": "a"})
    number = sandbox_hub.forge.open_pull("exp/7-ema", "EMA", "", "stranger")
    assert sandbox_hub.ada.get_pull(number).assignees == []


def test_a_pull_without_a_change_is_refused(sandbox_hub: SandboxHub) -> None:
    sandbox_hub.forge.create_branch("exp/7-ema", head(sandbox_hub.forge))
    with pytest.raises(UserError, match="No commits between"):
        sandbox_hub.forge.open_pull("exp/7-ema", "EMA", "", "ada")


def test_the_setting_that_forbids_pulls_is_named(sandbox_hub: SandboxHub) -> None:
    sandbox_hub.allow_pulls(False)
    sandbox_hub.push("exp/7-ema", {"a.txt": "a"})
    with pytest.raises(UserError, match="Allow GitHub Actions to create"):
        sandbox_hub.forge.open_pull("exp/7-ema", "EMA", "", "ada")


def test_a_conflict_is_not_merged(sandbox_hub: SandboxHub) -> None:
    tip = sandbox_hub.push("exp/7-ema", {"conf/config.yaml": "lr: 0.2\n"})
    number = sandbox_hub.forge.open_pull("exp/7-ema", "EMA", "", "ada")
    theirs = sandbox_hub.push("main", {"conf/config.yaml": "lr: 0.3\n"})
    with pytest.raises(UserError, match=f"does not merge #{number}"):
        sandbox_hub.forge.merge(number, tip, "squash", "EMA", "")
    assert head(sandbox_hub.forge) == theirs


def test_a_closed_pull_is_not_merged(sandbox_hub: SandboxHub) -> None:
    tip = sandbox_hub.push("exp/7-ema", {"a.txt": "a"})
    number = sandbox_hub.forge.open_pull("exp/7-ema", "EMA", "", "ada")
    sandbox_hub.ada.get_pull(number).edit(state="closed")
    with pytest.raises(UserError, match="closed"):
        sandbox_hub.forge.merge(number, tip, "squash", "EMA", "")


def test_the_merge_commit_carries_the_message(sandbox_hub: SandboxHub) -> None:
    tip = sandbox_hub.push("exp/7-ema", {"a.txt": "a"})
    number = sandbox_hub.forge.open_pull("exp/7-ema", "EMA", "", "ada")
    merged = sandbox_hub.forge.merge(number, tip, "squash", "EMA (#7)", "val/dice +0.0060")
    message = sandbox_hub.ada.get_git_commit(merged).message
    assert message == "EMA (#7)\n\nval/dice +0.0060"


def test_an_issue_is_closed(sandbox_hub: SandboxHub) -> None:
    number = sandbox_hub.open_issue("Averaging")
    for _ in range(2):
        sandbox_hub.forge.close_issue(number)
    assert sandbox_hub.ada.get_issue(number).state == "closed"


def test_the_schedule_is_switched(sandbox_hub: SandboxHub) -> None:
    for enabled in (False, False, True, True):
        sandbox_hub.forge.set_schedule(enabled)
        assert sandbox_hub.schedule_is_on() == enabled


def test_a_missing_schedule_is_no_trouble(sandbox_hub: SandboxHub) -> None:
    sandbox_hub.push("main", {".github/workflows/ring.yml": None})
    sandbox_hub.forge.set_schedule(True)


@pytest.mark.parametrize("given", [{"status": 502}, {"cut": "after"}])
@pytest.mark.parametrize(
    ("on", "skip"),
    [("POST */releases", 0), ("POST */assets", 0), ("POST */assets", 1), ("PATCH */releases/*", 0)],
)
def test_a_release_is_finished_where_it_was_cut_off(
    sandbox_hub: SandboxHub, faults: Faults, on: str, skip: int, given: dict[str, Any]
) -> None:
    forge = sandbox_hub.forge
    commit = head(forge)
    faults.add(Fault(on=on, skip=skip, **given))
    with pytest.raises(Outage):
        forge.publish("baseline-v1", commit, "Baseline 1", "notes", ASSETS)
    sandbox_hub.push("main", {"README.md": "# Moved on\n"})
    forge.publish("baseline-v1", commit, "Baseline 1", "notes", ASSETS)
    (release,) = sandbox_hub.ada.get_releases()
    assert (release.draft, release.name, release.body) == (False, "Baseline 1", "notes")
    attached = [(asset.name, asset.size, asset.content_type) for asset in release.assets]
    assert attached == [("baseline.json", 3, "application/json"), ("runs.csv", 7, "text/csv")]
    assert sandbox_hub.ada.get_git_ref("tags/baseline-v1").object.sha == commit
    assert forge.baseline_asset("baseline-v1") == "{}\n"


def test_a_tag_of_something_else_is_not_taken(sandbox_hub: SandboxHub) -> None:
    old = head(sandbox_hub.forge)
    new = sandbox_hub.push("main", {"README.md": "# New\n"})
    sandbox_hub.ada.create_git_ref("refs/tags/baseline-v1", old)
    with pytest.raises(UserError, match="already"):
        sandbox_hub.forge.publish("baseline-v1", new, "Baseline 1", "notes", ASSETS)
    assert list(sandbox_hub.ada.get_releases()) == []


def test_a_missing_baseline_says_what_to_do(sandbox_hub: SandboxHub) -> None:
    with pytest.raises(UserError, match="/baseline"):
        sandbox_hub.forge.baseline_asset("baseline-v9")


def test_the_own_workflow_run_has_not_ended(sandbox_hub: SandboxHub) -> None:
    sandbox_hub.run_workflow(OWN_RUN, "completed")
    assert not sandbox_hub.forge.ended(OWN_RUN)


def test_what_hangs_on_commits_alone_is_asked_for_once(
    sandbox_hub: SandboxHub, interference: Interference
) -> None:
    forge, base = sandbox_hub.client(), head(sandbox_hub.forge)
    commit = sandbox_hub.push("there", {"a.txt": "a"})
    interference.asked.clear()
    for _ in range(2):
        assert forge.compare(base, commit).files
        assert forge.file("a.txt", commit) == "a"
        assert forge.file("b.txt", commit) is None
        assert forge.tree(commit)
        assert forge.blobs(commit)
    assert len(interference.asked) == 5
    sandbox_hub.push("there", {"a.txt": "b"})
    assert forge.file("a.txt", "there") == "b"
    assert sandbox_hub.client().file("a.txt", commit) == "a"
